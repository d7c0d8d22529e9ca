"""Numbers that people write as words, and the words around a number that change what it claims.

English, German, French, Spanish and Dutch. Known: two to twelve, half, thirds and quarters, twice and its
like, about, more than, times, percent. Not known: larger numbers in words ("forty-two"), zero ("nobody").
"""

from __future__ import annotations

import re

_TWO_TO_TWELVE = """
two three four five six seven eight nine ten eleven twelve
zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
deux trois quatre cinq six sept huit neuf dix onze douze
dos tres cuatro cinco seis siete ocho nueve diez - doce
twee drie vier vijf zes zeven acht negen tien elf twaalf
"""
NUMBER_WORDS: dict[str, int] = {
    word: number for line in _TWO_TO_TWELVE.split("\n") for number, word in enumerate(line.split(), 2)
} | {"one": 1, "eine": 1, "einer": 1, "une": 1, "una": 1}
"""Word -> number. The ones stand for a number only in `ONE_AS_NUMBER`; elsewhere they are articles.

The Spanish eleven is left out: in English "once" is no number, and far more often meant.
"""

_PERSON = (
    r"(?:passengers?|persons?|people|man|woman|child|survivors?|Passagiere?|Person(?:en)?|Frau|Mann|personne"
    r"|passag[eè]re?|femme|homme|persona|mujer|hombre)"
)
ONE_AS_NUMBER = re.compile(
    rf"(?:\b(?:only|exactly|just|nur|genau|seulement|solo|maar)\s+(?P<after>one|eine[rn]?|une?|una?)\b(?!\s+of))"
    rf"|\b(?P<before>one)\s+(?={_PERSON}\b)",
    re.I,
)
SCALES: dict[str, int] = {
    "hundred": 100, "thousand": 1_000, "million": 1_000_000, "hundert": 100, "tausend": 1_000, "mille": 1_000,
    "mil": 1_000, "honderd": 100, "duizend": 1_000, "k": 1_000, "cent": 100, "cents": 100,
}  # fmt: skip
"""Words that multiply the number before them."""

_SMALL = rf"(?:[1-9]|10|{'|'.join(word for word, number in NUMBER_WORDS.items() if number <= 10)})"
ONE_IN_FIVE = re.compile(
    rf"\b({_SMALL})\s(?:in(?: every)?|out of(?: every)?|von|sur|de cada|op de)\s({_SMALL})\b(?![.,]\d|\s?%)",
    re.I,
)

SHARES: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.I), value)
    for words, value in (
        (r"two[\s-]thirds|zwei Drittel|deux tiers|dos tercios|twee derde", 2 / 3),
        (r"(?:a|one)[\s-]third|ein(?:em)? Drittel|un tiers|un tercio|een derde", 1 / 3),
        (r"three[\s-]quarters|drei Viertel|trois quarts|tres cuartos|driekwart", 3 / 4),
        (r"(?:a|one)[\s-]quarter|ein(?:em)? Viertel|un quart|un cuarto|een kwart", 1 / 4),
        (r"(?:a|one)[\s-]fifth|ein(?:em)? Fünftel|un cinquième|una quinta parte", 1 / 5),
        (r"half (?=of|the|as|survived|were|died)|(?<=than )half|(?<=about )half|(?<=nearly )half", 1 / 2),
        (
            r"(?<=almost )half|(?<=roughly )half|(?<=exactly )half|(?:die|der) Hälfte|la moitié|la mitad",
            1 / 2,
        ),
        (r"de helft", 1 / 2),
    )
)
MULTIPLES: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.I), value)
    for words, value in (
        (r"twice|doppelt|double|le double|el doble|dos veces|twee keer", 2.0),
        (r"thrice|triple|dreifach|le triple|el triple|drie keer", 3.0),
    )
)

ABOUT = re.compile(
    r"(?:\b(?:about|approximately|approx\.?|around|roughly|some|circa|ca\.|nearly|almost|close to|rund|etwa"
    r"|ungefähr|fast|knapp|gut|environ|presque|près de|unos|unas|casi|cerca de|aproximadamente|ongeveer"
    r"|bijna)"
    r"\s*|[~≈]\s*)(?:[a-zé]{1,4}\s)?[*_£$€]*$",
    re.I,
)
MORE_THAN = re.compile(
    r"\b(?:more than|over|above|at least|mehr als|über|mindestens|plus de|au moins|más de|meer dan|minstens)"
    r"\s+[*_£$€]*$",
    re.I,
)
LESS_THAN = re.compile(
    r"\b(?:less than|fewer than|under|below|at most|up to|weniger als|unter|höchstens|moins de|menos de"
    r"|minder dan)\s+[*_£$€]*$",
    re.I,
)
PERCENT_AFTER = re.compile(
    r"\s?(?:%(?:[\s-]?points?)?|percentage points?|points?\b|percent|per cent|pct|pp\b|Prozentpunkte?n?"
    r"|Prozent|pour cent|por ciento|procent(?:punten?)?|per cento)",
    re.I,
)
POINTS = re.compile(r"poin|punt|punkt|pp", re.I)
RATIO_AFTER = re.compile(
    r"[*_]*(?:\s?[x\u00d7](?!\w)|[\s-]?(?:times|fold|fach|mal|fois|veces|keer)\b|\s?(?::|to|zu|à)\s?1\b|\s+\S+"
    r"(?:\s\S+){0,2}\s(?:per|for each|for every|pro|je|par|por)\b)",
    re.I,
)
RATIO_BEFORE = re.compile(
    r"\b(?:ratio|factor|Verhältnis|Faktor|rapport|relación|verhouding)\b[^.]{0,60}$", re.I
)
CHANGE_AFTER = re.compile(
    r"[*_]*\s(?:more|less|fewer|higher|lower|older|younger|above|below|as much|mehr|weniger|höher|niedriger"
    r"|älter|jünger|de plus|de moins|plus|moins|más|menos|meer|minder)\b",
    re.I,
)
