"""The plot of learning in rounds: the share of right calls after every round, a line for each round's tools.

    draw({"with": learned}, None, 0.1, Path("runs/first/rehearsal/rehearsal.png"))

The bytes of a file depend on the figures and on the version of matplotlib alone. Not covered: intervals, which are in
the table.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stesim.cli import stages
from stesim.finetune.heavy import need
from stesim.rehearse import Arm, Learned

# Okabe and Ito's colours, which can be told apart without seeing all of them; black is for all tools together.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKERS = "os^Dv<>pXP"
_WIDTH, _HEIGHT, _LEGEND = 3.6, 3.4, 1.3  # inches: of a panel, and of a column of the legend beside
_LINES, _TICKS = 14, 12  # in a column of the legend; rounds that are numbered below a panel
_NO_TIME: Mapping[str, Mapping[str, None]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}


def draw(arms: Mapping[Arm, Learned], together: float | None, share: float, path: Path) -> None:
    """Write the plot as PNG or SVG, as the name says; `together` is what training on all tools at once came to.

    Raises `UserError` if matplotlib is missing, `StoreError` if the file cannot be written.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its caches, when it is imported too
    matplotlib, figures, agg = need("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user has set for other plots
        matplotlib.rcParams.update({"svg.hashsalt": "stesim", "svg.fonttype": "none", "font.size": 9})
        columns = math.ceil((len(next(iter(arms.values())).cells) + 2) / _LINES)
        figure = figures.Figure(
            figsize=(_WIDTH * len(arms) + _LEGEND * columns, _HEIGHT), dpi=150, layout="constrained"
        )
        agg.FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
        for panel, (arm, learned) in zip(panels, arms.items(), strict=True):
            _panel(panel, learned, together)
            panel.set_title("without rehearsal" if arm == "without" else f"with {100 * share:g} % rehearsal")
        panels[0].set_ylabel("correct calls, %")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", frameon=False, ncols=columns)
        data = io.BytesIO()
        figure.savefig(data, format=path.suffix[1:], metadata=_NO_TIME[path.suffix])
    stages.write(path, data.getvalue())


def _panel(panel: Any, learned: Learned, together: float | None) -> None:
    """The lines of one arm."""
    rounds = list(range(1, len(learned.cells) + 1))
    for b in range(len(rounds)):
        values = [row[b].value for row in learned.cells[b:]]
        panel.plot(
            rounds[b:], [float("nan") if value is None else value for value in values], label=f"round {b + 1}'s tools",
            color=_COLOURS[b % len(_COLOURS)], marker=_MARKERS[b % len(_MARKERS)], markersize=5, linewidth=1.5,
        )  # fmt: skip
    pooled = [float("nan") if share.value is None else share.value for share in learned.pooled]
    panel.plot(rounds, pooled, label="all tools so far", color="black", linestyle="--", linewidth=1.5)
    if together is not None:
        panel.axhline(together, label="all at once", color="#777777", linestyle=":", linewidth=1.2)
    panel.set_xlabel("after round")
    panel.set_xticks(rounds[:: math.ceil(len(rounds) / _TICKS)])
    panel.set_ylim(-3, 103)
    panel.grid(axis="y", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
