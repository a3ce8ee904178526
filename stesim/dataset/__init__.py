"""Demonstrations as training data for other tools: the rows of a file, in four formats.

    from stesim.dataset import Plan, export
    made = export("messages", demonstrations, toolbox.tools, Plan(mask_names=0.3, no_call=0.1))
    Path("messages.jsonl").write_bytes(made.data)

A row offers a few tools, the right one among them. Names can be masked in a share of the rows, so that a model learns
to read descriptions, rows can be added in which no tool fits, and what comes after the call can be left out. Equal
input gives equal bytes. Not covered: training, splitting into parts, and the tokens of any model's chat template.
"""

from stesim.dataset.export import FORMATS, Exported, Plan, export, file_name

__all__ = ["FORMATS", "Exported", "Plan", "export", "file_name"]
