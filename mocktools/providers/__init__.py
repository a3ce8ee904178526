"""The providers, one file each. A new file is made known here: import it and add it to the list."""

from __future__ import annotations

from mocktools.provider import Provider
from mocktools.providers import (
    agenda,
    board,
    calendar,
    clock,
    countries,
    currency,
    elements,
    encyclopedia,
    holidays,
    numbers,
    papers,
    places,
    shop,
    todo,
    units,
    weather,
)

_MODULES = (
    weather,
    calendar,
    places,
    clock,
    currency,
    encyclopedia,
    papers,
    numbers,
    countries,
    holidays,
    elements,
    units,
    agenda,
    todo,
    shop,
    board,
)
PROVIDERS: tuple[Provider, ...] = tuple(module.PROVIDER for module in _MODULES)
# Where the source of each provider is, by its name: part of a toolset's fingerprint.
MODULES: dict[str, str] = {module.PROVIDER.name: module.__file__ or "" for module in _MODULES}
