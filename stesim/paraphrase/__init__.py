"""Rewording the queries of the demonstrations, so that tools end up balanced (paper: section 3.2, paraphrasing).

    >>> share(50, wanted=150, most=6)
    2

Layers, each imports only those before it: `balance` (how many rewordings, and which demonstrations there are in the
end), `checks` (what a rewording must not lack or add), `stage` (the conversation with the model). Not covered: where
rewordings are kept (`keep` is given each example's), and whether a rewording reads well.
"""

from stesim.paraphrase.balance import choose, demonstrations, share
from stesim.paraphrase.checks import REASONS
from stesim.paraphrase.stage import ParaphraseSettings, Paraphrasing

__all__ = ["REASONS", "ParaphraseSettings", "Paraphrasing", "choose", "demonstrations", "share"]
