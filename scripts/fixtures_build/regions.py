"""Names of first-level regions: GeoNames' city table has only its own codes of them, except for the US.

    >>> region_of("GB", "SCT", {})
    ('Scotland', '')

Written by hand from ISO 3166-2, for the countries where people write the region after the city. Not covered: all
other countries.
"""

from __future__ import annotations

from collections.abc import Mapping

# By country, GeoNames' code and the name; after a slash the code that people write in addresses.
REGIONS = {
    "AU": "01=Australian Capital Territory/ACT 02=New South Wales/NSW 03=Northern Territory/NT 04=Queensland/QLD "
    "05=South Australia/SA 06=Tasmania/TAS 07=Victoria/VIC 08=Western Australia/WA",
    "CA": "01=Alberta/AB 02=British Columbia/BC 03=Manitoba/MB 04=New Brunswick/NB 05=Newfoundland and Labrador/NL "
    "07=Nova Scotia/NS 08=Ontario/ON 09=Prince Edward Island/PE 10=Quebec/QC 11=Saskatchewan/SK 12=Yukon/YT "
    "13=Northwest Territories/NT 14=Nunavut/NU",
    "DE": "01=Baden-Württemberg 02=Bavaria 03=Bremen 04=Hamburg 05=Hesse 06=Lower Saxony 07=North Rhine-Westphalia "
    "08=Rhineland-Palatinate 09=Saarland 10=Schleswig-Holstein 11=Brandenburg 12=Mecklenburg-Vorpommern 13=Saxony "
    "14=Saxony-Anhalt 15=Thuringia 16=Berlin",
    "GB": "ENG=England NIR=Northern Ireland SCT=Scotland WLS=Wales",
    "IN": "01=Andaman and Nicobar Islands 02=Andhra Pradesh 03=Assam 05=Chandigarh 07=Delhi 09=Gujarat 10=Haryana "
    "11=Himachal Pradesh 12=Jammu and Kashmir 13=Kerala 16=Maharashtra 17=Manipur 18=Meghalaya 19=Karnataka "
    "20=Nagaland 21=Odisha 22=Puducherry 23=Punjab 24=Rajasthan 25=Tamil Nadu 26=Tripura 28=West Bengal 29=Sikkim "
    "30=Arunachal Pradesh 31=Mizoram 33=Goa 34=Bihar 35=Madhya Pradesh 36=Uttar Pradesh 37=Chhattisgarh "
    "38=Jharkhand 39=Uttarakhand 40=Telangana 41=Ladakh 52=Dadra and Nagar Haveli and Daman and Diu",
}


def region_of(country: str, code: str, states: Mapping[str, str]) -> tuple[str, str]:
    """The name and the code of a region; `states` are those of the US. Both are empty where it is not known."""
    if country == "US":
        return (states[code], code) if code in states else ("", "")
    name, _, short = _names(country).get(code, "").partition("/")
    return name, short


def _names(country: str) -> dict[str, str]:
    """The regions of a country by GeoNames' code, as `name` or `name/short`."""
    found: dict[str, str] = {}
    code = ""
    for word in REGIONS.get(country, "").split():
        if "=" in word:
            code, _, first = word.partition("=")
            found[code] = first
        else:
            found[code] += f" {word}"
    return found
