"""The providers, one file each. A new file is made known here: import it and add it to the list."""

from __future__ import annotations

from mocktools.provider import Provider
from mocktools.providers import (
    agenda,
    airports,
    arithmetic,
    astronomy,
    board,
    calendar,
    clock,
    colors,
    countries,
    currency,
    currency_facts,
    easter,
    elements,
    encyclopedia,
    entities,
    geocoder,
    holidays,
    languages,
    numbers,
    papers,
    places,
    roman,
    shop,
    spanish_numbers,
    todo,
    units,
    validators,
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
    geocoder,
    entities,
    astronomy,
    airports,
    languages,
    currency_facts,
    roman,
    arithmetic,
    spanish_numbers,
    easter,
    validators,
    colors,
)
PROVIDERS: tuple[Provider, ...] = tuple(module.PROVIDER for module in _MODULES)
# Where the source of each provider is, by its name: part of a toolset's fingerprint.
MODULES: dict[str, str] = {module.PROVIDER.name: module.__file__ or "" for module in _MODULES}
