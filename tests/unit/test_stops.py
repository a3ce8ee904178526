"""Stop texts in a reply that comes piece by piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stesim.models.stops import StopFinder


@given(st.lists(st.text("abOb:", max_size=5)), st.lists(st.text("abO:", min_size=1, max_size=4), max_size=3))
def test_the_text_is_what_stands_before_the_first_stop(pieces: list[str], stops: list[str]) -> None:
    finder = StopFinder(stops)
    given_out = ""
    for piece in pieces:
        given_out += finder.feed(piece)
        if finder.found:
            break
    given_out += finder.finish()
    assert given_out == finder.text
    whole = "".join(pieces)
    found = [whole.index(stop) for stop in stops if stop in whole]
    # A stop text may be complete in an earlier piece than one that begins before it: it ends the reply then.
    if not found:
        assert finder.text == whole
    else:
        assert finder.found
        assert whole.startswith(finder.text)
        assert not any(stop in finder.text for stop in stops)


def test_what_could_become_a_stop_text_is_held_back() -> None:
    finder = StopFinder(["Observation:"])
    assert finder.feed("a Obs") == "a "
    assert finder.feed("cure") == "Obscure"
    assert finder.finish("Observ") == "Observ"
    assert not finder.found
