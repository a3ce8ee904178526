"""Tools of one's own: a typed function with a docstring is a tool. Copy this file and change it.

stesim tools list --toolset examples/mytools.py
stesim tools call book_room '{"room": "Birch", "day": "2026-11-03", "hour": 9}' --toolset examples/mytools.py
stesim run --toolset examples/mytools.py
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

import mocktools

ROOMS = {"Alder": 4, "Birch": 8, "Cedar": 20}

# A type with its bounds and an example can be used by several tools.
Day = Annotated[date, Field(examples=["2026-11-03"])]
Room = Annotated[Literal["Alder", "Birch", "Cedar"], Field(description="Name of the room")]


@mocktools.tool(tags=["office"], example={"day": "2026-11-03", "seats": 6})
def find_rooms(
    day: Day, world: mocktools.World, seats: Annotated[int, Field(ge=1, le=50)] = 1
) -> list[dict[str, object]]:
    """List the meeting rooms that are large enough, with the hours at which they are free.

    Args:
        day: Day of the meeting, as YYYY-MM-DD.
        seats: How many people will come.
    """
    taken = bookings(world)
    return [
        {"room": room, "seats": size, "free_hours": [hour for hour in range(8, 18) if (room, day, hour) not in taken]}
        for room, size in ROOMS.items()
        if size >= seats
    ]


@mocktools.tool(tags=["office"])
def book_room(
    room: Room, day: Day, hour: Annotated[int, Field(ge=8, le=17, examples=[9])], world: mocktools.World
) -> dict[str, object]:
    """Book a meeting room for one hour.

    Args:
        day: Day of the meeting, as YYYY-MM-DD.
        hour: Hour at which the meeting begins.
    """
    taken = bookings(world)
    if day < world.today:
        raise mocktools.invalid("day", day.isoformat(), f"{world.today} or later")
    if (room, day, hour) in taken:
        raise mocktools.ApiError(409, "taken", f"{room} is taken on {day} at {hour}:00")
    taken.append((room, day, hour))
    return {"booking": len(taken), "room": room, "day": day, "hour": hour}


@mocktools.tool(tags=["office"])
def catering_price(
    people: Annotated[int, Field(ge=1, le=50, examples=[6])], meal: Literal["coffee", "lunch"] = "coffee"
) -> dict[str, object]:
    """Say what food and drinks for a meeting cost.

    Args:
        people: How many people will come.
        meal: What they get.
    """
    return {"total": round(people * {"coffee": 3.5, "lunch": 14.0}[meal], 2), "currency": "EUR"}


def bookings(world: mocktools.World) -> list[tuple[str, date, int]]:
    """What is booked. It belongs to the world, not to this module: every trial begins with this list again."""
    found: list[tuple[str, date, int]] = world.state("rooms", lambda today: [("Cedar", today, 10)])
    return found
