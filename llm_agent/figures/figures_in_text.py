"""Finds the numbers that a text claims: where they stand and every way in which they can be read.

Left out, since they claim nothing about the data: code, links, list numbering, ordinals and class labels
("1st class", "class 3", "the three classes"), references ("query 2"), dates and the year 1912.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from llm_agent.figures import number_words as words

FigureKind = Literal["number", "share", "multiple", "code"]
"""A number; a share in words ("half"); a multiple in words ("twice"); a cabin such as C85."""


@dataclass(frozen=True)
class Reading:
    """One way to read a figure: its value, and the step of the last digit stated (0.1 for 29.7)."""

    value: float
    step: float


@dataclass(frozen=True)
class Figure:
    """A number in a text, `text[start:end]`, with the words around it that change what it claims.

    "1,234" has two readings, 1234 and 1.234. `direction` is "more" after "more than", "less" after
    "under", else empty. `is_ratio` stands for "3.2 times" or "ratio", `is_change` for "40 % more".
    """

    text: str
    start: int
    end: int
    kind: FigureKind
    readings: tuple[Reading, ...]
    is_percent: bool = False
    is_points: bool = False
    may_be_percent: bool = False
    is_about: bool = False
    direction: Literal["more", "less", ""] = ""
    is_ratio: bool = False
    is_change: bool = False


_GROUPED = r"[1-9]\d{0,2}"
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w)\]*_-])[-\u2212])?(?P<currency>[£$€]\s?)?(?<![\w.,])(?P<digits>"
    rf"{_GROUPED}(?:[ \u00a0\u2009\u202f'\u2019]\d{{3}})+(?:[.,]\d+)?(?![\d.,]*\d)"
    rf"|{_GROUPED}(?:,\d{{3}})+(?:\.\d+)?(?!\d|,\d)|{_GROUPED}(?:\.\d{{3}})+(?:,\d+)?(?!\d|\.\d)"
    r"|\d+(?:[.,]\d+)?|\.\d+)"
)
_CABIN = re.compile(r"(?<![\w/])[A-GT]\d{1,3}(?!\w)")
_TABLE = re.compile(r"(?:^[ \t]*\|.*(?:\n|\Z))+", re.M)
_WORD = re.compile(r"[^\W\d_]+")
_SCALE_AFTER = re.compile(rf"\s?(?P<scale>{'|'.join(words.SCALES)})\b", re.I)
_ALLOWED_LETTERS = re.compile(r"[x\u00d7](?!\w)|k\b|fach\b|mal\b|pct\b|pp\b", re.I)

_CLASS = r"(?:class(?:es)?|Klassen?|clases?|klassen?|klas)"
_MONTH = (
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mär|Mai|Okt|Dez|jan|fév|mars|avr|mai|juin|juil|ao"
    r"|sept|oct|nov|déc|ene|abr|mayo|ago|dic|apr)\w*"
)
_NO_CLAIMS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"```.*?(?:```|\Z)", re.S),
        (r"`[^`\n]*[=<>();_*][^`\n]*`|`\s*(?:SELECT|WITH|FROM|WHERE)\b[^`]*`", re.I),
        (r"https?://\S+|\]\([^)\n]*\)", re.I),
        (r"^[ \t>]*(?:[-*+][ \t]+)?(?:[*_]{2})?\d{1,3}[.)](?=[ \t*_])", re.M),
        # "class 3", "classes 1 and 2", "3. Klasse"; never "class 3.5" or "class 3 %"
        (
            rf"\bp?{_CLASS}[\s_]*(?:=|is|nr\.?|no\.?|#)?\s*[*_`]*[123]\b(?![.,]\d|\s?%)"
            r"(?:(?:,\s*|\s*(?:,?\s?and|und|et|y|en|&|or|oder|ou|vs\.?|to|bis|-|\u2013|/)\s*)[123]\b(?![.,]\d|\s?[%\w]))*",
            re.I,
        ),
        (r"\b[123]\.?(?:st|nd|rd)?[\s-]*(?:class|Klasse|classe|clase|klas)\b", re.I),
        # conditions: "pclass = 3", "survived = 1"; never "survived: 0.94" or "survived: 3"
        (r"\b(?:(?:pclass|sibsp|parch)\s*(?:=|:|is)|survived\s*=)\s*\d\b(?![.,]\d|\s?%)", re.I),
        (
            r"\b(?:three|3|drei|trois|tres|drie)\s+(?:\w+\s)?(?:classes|ports|Klassen|Häfen|clases|puertos|klassen"
            r"|havens)\b|\b(?:two|2|zwei|deux|dos|twee)\s+(?:sexes|genders|Geschlechter|sexos|geslachten)\b",
            re.I,
        ),
        (
            r"\b(?:two|three|four|zwei|drei|vier|deux|trois|quatre|dos|tres|cuatro|twee|drie|vier)\s+(?:\w+\s)?"
            r"(?:reasons|groups|factors|ways|steps|parts|things|columns|queries|categories|Gründe|Gruppen|Spalten"
            r"|Schritte|groupes|raisons|grupos|groepen)\b|\b(?:the|these|those|other)\s+two\b",
            re.I,
        ),
        (
            r"\b(?:quer(?:y|ies)|result|row|table|chart|figure|step|column|Abfrage|Ergebnis|Zeile|Schritt|requête"
            r"|ligne|consulta|fila)\s+(?:#|no\.?|nr\.?)?\s*\d{1,2}\b(?![.,]\d|\s?%)|#\d{1,2}\b",
            re.I,
        ),
        (rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?{_MONTH}(?:\s+\d{{4}})?\b", 0),
        (rf"\b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?", 0),
        (r"\b1912\b(?:-\d\d-\d\d)?(?!\s*(?:passengers|people))", 0),
    )
)  # fmt: skip


def find_figures(text: str) -> tuple[Figure, ...]:
    """Every number, cabin and number word that claims something, in the order of the text."""
    taken = _mask(text, _silent_spans(text))
    under_percent = _mask(text, _tables_of_percent(text))
    found: list[Figure] = []
    for figure in (
        *_cabins(text),
        *_one_in_five(text),
        *_shares_and_multiples(text),
        *_numbers(text),
        *_number_words(text),
    ):
        if not any(taken[figure.start : figure.end]):
            taken[figure.start : figure.end] = b"1" * (figure.end - figure.start)
            found.append(replace(figure, may_be_percent=bool(under_percent[figure.start])))
    return tuple(sorted(found, key=lambda figure: figure.start))


def _mask(text: str, spans: Iterable[tuple[int, int]]) -> bytearray:
    """For each letter of the text whether it lies in one of the spans."""
    mask = bytearray(len(text))
    for start, end in spans:
        mask[start:end] = b"1" * (end - start)
    return mask


def _silent_spans(text: str) -> list[tuple[int, int]]:
    spans = [match.span() for pattern in _NO_CLAIMS for match in pattern.finditer(text)]
    return spans + list(_numbering_in_tables(text))


def _numbering_in_tables(text: str) -> Iterator[tuple[int, int]]:
    """The first column of a Markdown table when it only counts its rows."""
    for table in _TABLE.finditer(text):
        firsts = list(re.finditer(r"^[ \t]*\|[ \t]*(\d{1,4})[ \t]*(?=\|)", table.group(), re.M))
        if [int(first.group(1)) for first in firsts] == list(range(1, len(firsts) + 1)):
            yield from ((table.start() + first.start(1), table.start() + first.end(1)) for first in firsts)


def _tables_of_percent(text: str) -> Iterator[tuple[int, int]]:
    """Markdown tables whose heading speaks of percent or rates."""
    for table in _TABLE.finditer(text):
        heading = table.group().lstrip().split("\n")[0]
        if re.search(r"%|percent|Prozent|pour cent|rate", heading, re.I):
            yield table.span()


def _cabins(text: str) -> Iterator[Figure]:
    for match in _CABIN.finditer(text):
        yield Figure(match.group(), *match.span(), kind="code", readings=())


def _shares_and_multiples(text: str) -> Iterator[Figure]:
    for kind, table in (("share", words.SHARES), ("multiple", words.MULTIPLES)):
        for pattern, value in table:
            for match in pattern.finditer(text):
                end = match.start() + len(match.group().rstrip())
                yield _figure(text, match.start(), end, kind, (Reading(value, value / 5),))  # type: ignore[arg-type]


def _one_in_five(text: str) -> Iterator[Figure]:
    """Shares such as "one in five" and "3 out of 4"; larger ones ("342 out of 891") are two numbers."""
    for match in words.ONE_IN_FIVE.finditer(text):
        part, whole = (words.NUMBER_WORDS.get(word.lower()) or int(word) for word in match.groups())
        if part < whole:
            yield _figure(text, *match.span(), "share", (Reading(part / whole, part / whole / 5),))


def _numbers(text: str) -> Iterator[Figure]:
    for match in _NUMBER.finditer(text):
        after, before = text[match.end() : match.end() + 20], text[max(0, match.start() - 4) : match.start()]
        if after[:1].isalpha() and not _ALLOWED_LETTERS.match(after):
            continue  # 1st, 20s, 3e
        if re.search(r"[^\W\d_][/.-]$", before):
            continue  # the 5 of A/5, the 4 of GPT-4
        scale, end = 1, match.end()
        if scaled := _SCALE_AFTER.match(after):
            scale, end = words.SCALES[scaled["scale"].lower()], end + scaled.end()
        sign = -1 if match["sign"] else 1
        readings = tuple(
            Reading(sign * value * scale, 10.0**-decimals * scale)
            for value, decimals in _read(match["digits"])
        )
        yield _figure(text, match.start(), end, "number", readings)


def _read(digits: str) -> list[tuple[float, int]]:
    """Every sensible value of a run of digits and separators, each with its number of decimals."""
    plain = re.sub(r"[ \u00a0\u2009\u202f'\u2019]", "", digits)
    separators = re.findall(r"[.,]", plain)
    if len(set(separators)) == 2:  # the last one is the decimal mark: 1,234.5 and 1.234,5
        whole, fraction = (
            re.sub(r"[.,]", "", plain[: plain.rindex(separators[-1])]),
            plain.rsplit(separators[-1])[1],
        )
        return [(float(f"{whole}.{fraction}"), len(fraction))]
    if len(separators) > 1:
        return [(float(re.sub(r"[.,]", "", plain)), 0)]
    if not separators:
        return [(float(plain), 0)]
    whole, fraction = re.split(r"[.,]", plain)
    readings = [(float(f"{whole or 0}.{fraction}"), len(fraction))]
    if re.fullmatch(rf"{_GROUPED}[.,]\d{{3}}", plain):
        readings.insert(0, (float(whole + fraction), 0))
    return readings


def _number_words(text: str) -> Iterator[Figure]:
    ones = {match.span(match.lastgroup or 0) for match in words.ONE_AS_NUMBER.finditer(text)}
    for match in _WORD.finditer(text):
        value = words.NUMBER_WORDS.get(match.group().lower())
        if match.span() in ones:
            value = 1
        elif value is None or value == 1:
            continue
        scale, end = 1, match.end()
        if scaled := re.match(r"\s(hundred|thousand|million)\b", text[end:], re.I):
            scale, end = words.SCALES[scaled[1].lower()], end + scaled.end()
        yield _figure(text, match.start(), end, "number", (Reading(value * scale, scale),))


def _figure(text: str, start: int, end: int, kind: FigureKind, readings: tuple[Reading, ...]) -> Figure:
    before, after = text[max(0, start - 80) : start], text[end : end + 60]
    percent = words.PERCENT_AFTER.match(re.sub(r"^[*_]+", "", after))
    marks = len(after) - len(re.sub(r"^[*_]+", "", after))
    if percent:
        end += percent.end() if not marks else 0
    rest = after[marks + percent.end() :] if percent else after
    return Figure(
        text[start:end], start, end, kind, readings,
        is_percent=percent is not None,
        is_points=percent is not None and words.POINTS.search(percent.group()) is not None,
        is_about=bool(words.ABOUT.search(before)),
        direction=_direction(before),
        is_ratio=bool(words.RATIO_AFTER.match(after) or words.RATIO_BEFORE.search(before)),
        is_change=bool(words.CHANGE_AFTER.match(rest)),
    )  # fmt: skip


def _direction(before: str) -> Literal["more", "less", ""]:
    if words.MORE_THAN.search(before):
        return "more"
    return "less" if words.LESS_THAN.search(before) else ""
