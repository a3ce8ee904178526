"""A small travel agent made with smolagents: three tools, each a plain call of a web API with `requests`."""

import requests
from smolagents import Model, ToolCallingAgent, tool


def ask(url: str, **params: object) -> str:
    """The text of an API's reply. One that is busy is asked once more; a refusal is told to the model."""
    for _ in range(2):
        reply = requests.get(url, params=params, timeout=10)
        if reply.status_code not in (429, 503):
            break
    return reply.text if reply.ok else f"Error {reply.status_code}: {reply.text}"


@tool
def look_up_country(name: str) -> str:
    """Facts about a country: its capital, currency and languages.

    Args:
        name: Name of the country in English.
    """
    return ask("https://restcountries-api.example/v3/name", name=name)


@tool
def convert_money(amount: float, source: str, target: str) -> str:
    """Convert an amount of money at today's rate.

    Args:
        amount: How much.
        source: Code of the currency that it is in, such as EUR.
        target: Code of the currency that is wanted.
    """
    return ask("https://api.eurorates.example/v1/convert", amount=amount, **{"from": source, "to": target})


@tool
def forecast_weather(city: str, days: int) -> str:
    """The weather of the next days.

    Args:
        city: Name of the city.
        days: How many days.
    """
    return ask("https://api.open-forecast.example/v1/forecast", city=city, days=days)


def answer(question: str, model: Model) -> str:
    """The agent's answer to a traveller's question."""
    agent = ToolCallingAgent(
        tools=[look_up_country, convert_money, forecast_weather], model=model, max_steps=6, verbosity_level=0
    )
    return str(agent.run(question))
