"""Sun and moon against almanacs, to the minute (times as published, UTC)."""

from __future__ import annotations

import datetime

import pytest

from mocktools import sky
from mocktools.providers.easter import eastern, western

LONDON, PARIS, NEW_YORK, SYDNEY = (51.5074, -0.1278), (48.8566, 2.3522), (40.7128, -74.006), (-33.8688, 151.2093)


@pytest.mark.parametrize(
    ("place", "day", "sunrise", "sunset"),
    [
        (LONDON, "2026-06-21", "2026-06-21 03:43", "2026-06-21 20:21"),
        (LONDON, "2026-12-21", "2026-12-21 08:04", "2026-12-21 15:53"),
        (PARIS, "2026-06-21", "2026-06-21 03:47", "2026-06-21 19:58"),
        (NEW_YORK, "2026-01-01", "2026-01-01 12:20", "2026-01-01 21:39"),
        # The sun rises in Sydney when it is still the day before in Greenwich.
        (SYDNEY, "2026-12-21", "2026-12-20 18:41", "2026-12-21 09:05"),
    ],
)
def test_the_sun_keeps_to_the_almanac(place: tuple[float, float], day: str, sunrise: str, sunset: str) -> None:
    times = sky.sun_times(*place, datetime.date.fromisoformat(day))
    for found, published in ((times.sunrise, sunrise), (times.sunset, sunset)):
        assert found is not None
        assert abs((found - datetime.datetime.fromisoformat(published)).total_seconds()) <= 60


@pytest.mark.parametrize(
    ("quarter", "published"),
    [
        (0, "2024-04-08 18:21"),  # total eclipse of the sun over North America
        (0, "2026-08-12 17:37"),  # total eclipse of the sun over Spain
        (2, "2025-09-07 18:09"),  # total eclipse of the moon
        (2, "2026-01-03 10:03"),
        (2, "2026-03-03 11:38"),  # total eclipse of the moon
        (2, "2000-01-21 04:41"),
        (0, "2000-01-06 18:14"),
    ],
)
def test_the_moon_keeps_to_the_almanac(quarter: int, published: str) -> None:
    moment = datetime.datetime.fromisoformat(published)
    found = sky.next_phase(moment - datetime.timedelta(days=5), quarter)
    assert abs((found - moment).total_seconds()) <= 60


def test_the_phases_follow_each_other() -> None:
    moment = datetime.datetime(2026, 1, 1, 12)
    seen: list[str] = []
    for _ in range(30):
        moon = sky.moon(moment)
        assert 0 <= moon.illumination <= 1
        assert 0 <= moon.age < 30
        assert moon.waxing == (moon.age < 14.8) or abs(moon.age - 14.8) < 1
        seen += [moon.phase] if moon.phase not in seen[-1:] else []
        moment += datetime.timedelta(days=1)
    start = sky.PHASES.index(seen[0])
    assert seen[:8] == [sky.PHASES[(start + step) % 8] for step in range(8)]


def test_within_the_polar_circle_the_sun_may_stay_away() -> None:
    tromso = (69.65, 18.96)
    summer, winter = (sky.sun_times(*tromso, datetime.date(2026, month, 21)) for month in (6, 12))
    assert (summer.polar, summer.day_length, summer.sunrise) == ("polar day", 86400, None)
    assert (winter.polar, winter.day_length, winter.sunset) == ("polar night", 0, None)
    for pole in (90.0, -90.0):
        assert sky.sun_times(pole, 0.0, datetime.date(2026, 6, 21)).polar == f"polar {'day' if pole > 0 else 'night'}"


@pytest.mark.parametrize(
    ("west", "east"),
    [
        ("2000-04-23", "2000-04-30"), ("2023-04-09", "2023-04-16"), ("2024-03-31", "2024-05-05"),
        ("2025-04-20", "2025-04-20"), ("2026-04-05", "2026-04-12"), ("2027-03-28", "2027-05-02"),
        ("2038-04-25", "2038-04-25"), ("1818-03-22", None), ("1943-04-25", None),
    ],
)  # fmt: skip
def test_easter_is_on_its_day(west: str, east: str | None) -> None:
    year = int(west[:4])
    assert western(year).isoformat() == west
    assert east is None or eastern(year).isoformat() == east
