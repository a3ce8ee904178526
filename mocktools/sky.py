"""Where sun and moon stand: sunrise and sunset, and the phases of the moon.

    >>> import datetime
    >>> sun_times(51.4769, 0.0, datetime.date(2026, 6, 21)).sunset.strftime("%H:%M")
    '20:20'
    >>> next_phase(datetime.datetime(2026, 8, 1), 0).strftime("%Y-%m-%d %H:%M")
    '2026-08-12 17:36'

Sun: the equations of the NOAA solar calculator (after J. Meeus, Astronomical Algorithms, 2nd ed., chapters 25 and 28),
with the upper limb on the horizon, 90.833 degrees from the zenith. Moon: Meeus chapters 48 and 49. Between 1900 and
2100 both agree with the ephemeris of libastro: the sun to ten seconds below 60 degrees of latitude, the phases of the
moon to three minutes, and to some seconds around 2026. Pure functions, rounded, so that every machine agrees. Not
covered: the height of the observer, twilight, moonrise.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

EPOCH = datetime.datetime(2000, 1, 1, 12)
ZENITH = 90.833
LUNATION = 29.530588861
PHASES = (
    "New Moon", "Waxing Crescent", "First Quarter", "Waxing Gibbous", "Full Moon", "Waning Gibbous", "Last Quarter",
    "Waning Crescent",
)  # fmt: skip


# Meeus chapter 49: a term's size in days, and the multiples of the sun's and the moon's anomaly and of the moon's
# argument of latitude whose sine it takes. Terms below 0.00003 days are left out.
NEW_TERMS = (
    (-0.40720, 0, 1, 0), (0.17241, 1, 0, 0), (0.01608, 0, 2, 0), (0.01039, 0, 0, 2), (0.00739, -1, 1, 0),
    (-0.00514, 1, 1, 0), (0.00208, 2, 0, 0), (-0.00111, 0, 1, -2), (-0.00057, 0, 1, 2), (0.00056, 1, 2, 0),
    (-0.00042, 0, 3, 0), (0.00042, 1, 0, 2), (0.00038, 1, 0, -2), (-0.00024, -1, 2, 0), (-0.00007, 2, 1, 0),
    (0.00004, 0, 2, -2), (0.00004, 3, 0, 0), (0.00003, 1, 1, -2), (0.00003, 0, 2, 2), (-0.00003, 1, 1, 2),
    (0.00003, -1, 1, 2),
)  # fmt: skip
FULL_TERMS = (
    (-0.40614, 0, 1, 0), (0.17302, 1, 0, 0), (0.01614, 0, 2, 0), (0.01043, 0, 0, 2), (0.00734, -1, 1, 0),
    (-0.00515, 1, 1, 0), (0.00209, 2, 0, 0), *NEW_TERMS[7:],
)  # fmt: skip
QUARTER_TERMS = (
    (-0.62801, 0, 1, 0), (0.17172, 1, 0, 0), (-0.01183, 1, 1, 0), (0.00862, 0, 2, 0), (0.00804, 0, 0, 2),
    (0.00454, -1, 1, 0), (0.00204, 2, 0, 0), (-0.00180, 0, 1, -2), (-0.00070, 0, 1, 2), (-0.00040, 0, 3, 0),
    (-0.00034, -1, 2, 0), (0.00032, 1, 0, 2), (0.00032, 1, 0, -2), (-0.00028, 2, 1, 0), (0.00027, 1, 2, 0),
    (-0.00005, -1, 1, -2), (0.00004, 0, 2, 2), (-0.00004, 1, 1, 2), (0.00004, -2, 1, 0), (0.00003, 1, 1, -2),
    (0.00003, 3, 0, 0),
)  # fmt: skip
# The pull of the planets: size in days, phase and speed for a lunation in degrees.
PLANETS = (
    (0.000325, 299.77, 0.107408), (0.000165, 251.88, 0.016321), (0.000164, 251.83, 26.651886),
    (0.000126, 349.42, 36.412478), (0.000110, 84.66, 18.206239), (0.000062, 141.74, 53.303771),
    (0.000060, 207.14, 2.453732), (0.000056, 154.84, 7.306860), (0.000047, 34.52, 27.261239),
    (0.000042, 207.19, 0.121824), (0.000040, 291.34, 1.844379), (0.000037, 161.72, 24.198154),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SunTimes:
    """A day of the sun in UTC, `day_length` in seconds; `polar` says why there is no sunrise ("day", "night")."""

    sunrise: datetime.datetime | None
    sunset: datetime.datetime | None
    noon: datetime.datetime
    day_length: int
    polar: str | None = None


@dataclass(frozen=True, slots=True)
class Moon:
    """The moon at a moment: `illumination` from 0 to 1, `age` in days since the last new moon."""

    phase: str
    illumination: float
    age: float
    waxing: bool


def _sin(degrees: float) -> float:
    return math.sin(math.radians(degrees))


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def _sun_at(moment: datetime.datetime) -> tuple[float, float]:
    """The sun's declination in degrees and the equation of time in minutes."""
    t = (moment - EPOCH).total_seconds() / 86400 / 36525
    mean = (280.46646 + t * (36000.76983 + t * 0.0003032)) % 360
    anomaly = 357.52911 + t * (35999.05029 - 0.0001537 * t)
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        _sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + _sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + _sin(3 * anomaly) * 0.000289
    )
    node = 125.04 - 1934.136 * t
    longitude = mean + centre - 0.00569 - 0.00478 * _sin(node)
    tilt = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60 + 0.00256 * _cos(node)
    declination = math.degrees(math.asin(_sin(tilt) * _sin(longitude)))
    y = math.tan(math.radians(tilt / 2)) ** 2
    equation = (
        y * _sin(2 * mean)
        - 2 * eccentricity * _sin(anomaly)
        + 4 * eccentricity * y * _sin(anomaly) * _cos(2 * mean)
        - 0.5 * y * y * _sin(4 * mean)
        - 1.25 * eccentricity**2 * _sin(2 * anomaly)
    )
    return declination, 4 * math.degrees(equation)


def _half_day(latitude: float, declination: float) -> float | str:
    """Half the arc of the day in minutes, or "day" or "night" where the sun does not cross the horizon."""
    # At the poles themselves the cosine is not quite zero, which is as good.
    cosine = (_cos(ZENITH) - _sin(latitude) * _sin(declination)) / (_cos(latitude) * _cos(declination))
    if cosine > 1:
        return "night"
    return "day" if cosine < -1 else 4 * math.degrees(math.acos(cosine))


def _crossing(latitude: float, longitude: float, midnight: datetime.datetime, side: int) -> datetime.datetime | str:
    """Sunrise (`side` -1), noon (0) or sunset (1) of the day; each pass uses the sun's place at the last result."""
    moment = midnight + datetime.timedelta(minutes=720 - 4 * longitude)
    for _ in range(3):
        declination, equation = _sun_at(moment)
        half = _half_day(latitude, declination) if side else 0.0
        if isinstance(half, str):
            return half
        moment = midnight + datetime.timedelta(minutes=720 - 4 * longitude - equation + side * half)
    return (moment + datetime.timedelta(seconds=0.5)).replace(microsecond=0)


def sun_times(latitude: float, longitude: float, day: datetime.date) -> SunTimes:
    """Sunrise, noon and sunset of the local day that bears this date, which in UTC may lie on a neighbouring one."""
    midnight = datetime.datetime.combine(day, datetime.time())
    rise, noon, sink = (_crossing(latitude, longitude, midnight, side) for side in (-1, 0, 1))
    assert isinstance(noon, datetime.datetime)
    if isinstance(rise, str) or isinstance(sink, str):
        polar = rise if isinstance(rise, str) else str(sink)
        return SunTimes(None, None, noon, 86400 if polar == "day" else 0, f"polar {polar}")
    return SunTimes(rise, sink, noon, int((sink - rise).total_seconds()))


def _phase_moment(k: float) -> datetime.datetime:
    """The moment of lunation `k` since January 2000: whole for a new moon, .25 first quarter, .5 full, .75 last."""
    t = k / 1236.85
    ephemeris = 2451550.09766 + LUNATION * k + 0.00015437 * t * t
    sun = 2.5534 + 29.1053567 * k
    moon = 201.5643 + 385.81693528 * k + 0.0107582 * t * t
    argument = 160.7108 + 390.67050284 * k - 0.0016118 * t * t
    node = 124.7746 - 1.56375588 * k + 0.0020672 * t * t
    quarter = round(k * 4) % 4
    terms = QUARTER_TERMS if quarter % 2 else FULL_TERMS if quarter else NEW_TERMS
    # The eccentricity of the earth's orbit shrinks with time, and with it the terms in the sun's anomaly.
    eccentricity = 1 - 0.002516 * t - 0.0000074 * t * t
    days = -0.00017 * _sin(node) + sum(
        size * eccentricity ** abs(in_sun) * _sin(in_sun * sun + in_moon * moon + in_argument * argument)
        for size, in_sun, in_moon, in_argument in terms
    )
    days += sum(size * _sin(start + speed * k) for size, start, speed in PLANETS)
    if quarter % 2:
        wide = 0.00306 - 0.00038 * eccentricity * _cos(sun) + 0.00026 * _cos(moon)
        days += wide if quarter == 1 else -wide
    # The series is in dynamical time, which was about 69 s ahead of UTC in the 2020s.
    seconds = round((ephemeris + days - 2451545.0) * 86400 - 69)
    return EPOCH + datetime.timedelta(seconds=seconds)


def next_phase(moment: datetime.datetime, quarter: int) -> datetime.datetime:
    """The first new moon (`quarter` 0), first quarter (1), full moon (2) or last quarter (3) after `moment` (UTC)."""
    k = math.floor((moment - EPOCH).total_seconds() / 86400 / LUNATION) - 1 + quarter / 4
    while (found := _phase_moment(k)) <= moment:
        k += 1
    return found


def moon(moment: datetime.datetime) -> Moon:
    """The moon at a moment (UTC). New, full and the quarters are named within a day of them."""
    t = (moment - EPOCH).total_seconds() / 86400 / 36525
    elongation = 297.8501921 + 445267.1114034 * t
    sun, anomaly = 357.5291092 + 35999.0502909 * t, 134.9633964 + 477198.8675055 * t
    # The angle between sun and earth as seen from the moon: 180 degrees at new moon.
    angle = 180 - elongation % 360 - 6.289 * _sin(anomaly) + 2.1 * _sin(sun)
    angle -= 1.274 * _sin(2 * elongation - anomaly) + 0.658 * _sin(2 * elongation)
    angle -= 0.214 * _sin(2 * anomaly) + 0.11 * _sin(elongation)
    last_new = next_phase(moment - datetime.timedelta(days=LUNATION + 1), 0)
    later = next_phase(last_new, 0)
    last_new = later if later <= moment else last_new
    age = (moment - last_new).total_seconds() / 86400
    nearest = min(
        (abs((next_phase(moment - datetime.timedelta(days=1), quarter) - moment).total_seconds()), quarter)
        for quarter in range(4)
    )
    waxing = next_phase(moment, 2) < next_phase(moment, 0)
    if nearest[0] <= 12 * 3600:
        name = PHASES[2 * nearest[1]]
    else:
        before_quarter = next_phase(moment, 1 if waxing else 3) < next_phase(moment, 2 if waxing else 0)
        name = PHASES[(1 if before_quarter else 3) + (0 if waxing else 4)]
    return Moon(name, round((1 + _cos(angle)) / 2, 4), age, waxing)
