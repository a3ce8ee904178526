"""The named lists of tools: ten to begin with, and the fifty that have test queries.

    >>> from mocktools.lists import ALL, STARTER
    >>> len(STARTER), len(ALL), set(STARTER) <= set(ALL)
    (10, 50, True)

Not covered: the further tools of the providers, which are in the toolset `extended` with all of these.
"""

from __future__ import annotations

STARTER = (
    "forecast_weather",
    "add_date",
    "search_places",
    "get_local_time",
    "convert_currency",
    "get_article_summary",
    "search_papers",
    "get_number_fact",
    "get_country",
    "list_public_holidays",
)

# As many as in the paper. Each has near neighbours among the others, so that choosing is a question.
ALL = (
    "get_current_weather", "forecast_weather", "get_weather_history",
    "get_today_date", "add_date", "get_days_between",
    "search_places", "get_distance",
    "get_local_time", "convert_time",
    "convert_currency", "get_exchange_rate", "get_exchange_rate_history",
    "search_encyclopedia", "get_article_summary", "get_featured_article",
    "search_papers",
    "get_number_fact", "number_to_words",
    "get_country", "find_country_by_capital",
    "list_public_holidays", "get_next_public_holiday", "check_public_holiday",
    "get_element",
    "convert_units",
    "create_event", "list_events", "update_event", "delete_event",
    "add_task", "list_tasks", "complete_task",
    "search_products", "add_to_cart", "get_cart",
    "post_message", "list_messages", "delete_message",
    "forwardGeocode", "reverseGeocode",
    "Entity Graph%%Disambiguate",
    "getMoonPhase",
    "get_flight_distance",
    "Currency Facts%%Currency Details",
    "Roman Numeral Converter%%Arabic to Roman",
    "primeFactors",
    "numero_a_letras",
    "berechne_ostern",
    "validate_iban",
)  # fmt: skip
