"""Números en letras: a number from 0 to 1000 in the words of six languages, documented in Spanish.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("numero_a_letras").call({"numero": 71, "idioma": "fr"}).body)

The words are in `fixtures/number_words.json` (num2words). Not covered: English, which `number_to_words` of another
provider has; larger numbers, ordinals, grammatical gender.
"""

from __future__ import annotations

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query

LANGUAGES = {
    "es": "español", "fr": "francés", "de": "alemán", "it": "italiano", "pt": "portugués", "nl": "neerlandés"
}  # fmt: skip


def _words(query: Query) -> Body:
    number, language = query.integer("numero"), query.text("idioma")
    words = fixtures.table("number_words")["words"][language][number]
    return {
        "ok": True,
        "letras": words,
        "numero": number,
        "idioma": {"codigo": language, "nombre": LANGUAGES[language]},
        "caracteres": len(words),
    }


PROVIDER = Provider(
    name="spanish_numbers",
    host="api.numeros-en-letras.example",
    errors=styles.spanish,
    fixtures=("number_words",),
    endpoints=(
        Endpoint(
            tool="numero_a_letras",
            description="Escribe un número entero en letras, en español o en otro idioma "
            "(francés, alemán, italiano, portugués, neerlandés).",
            path="/v2/letras",
            params=(
                Param("numero", "Número entero", 71, kind="integer", minimum=0, maximum=1000),
                Param("idioma", "Código del idioma", "fr", required=False, default="es", choices=tuple(LANGUAGES)),
            ),
            answer=_words,
            tags=("numbers", "language"),
        ),
    ),
)
