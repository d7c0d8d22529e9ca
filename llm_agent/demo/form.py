"""What every question that the demo model understands can do: give its SQL, then a sentence from the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llm_agent.demo.terms import Filter

Record = Mapping[str, Any]
"""One row of a result, by column."""

MAX_LISTED = 25
"""Names or groups that one sentence lists; the result's table shows them all."""


@dataclass(frozen=True)
class Rows:
    """The result of the form's query as the model was told it."""

    records: tuple[Record, ...]
    is_truncated: bool = False

    @property
    def first(self) -> Record:
        """The first row; empty where there is none."""
        return self.records[0] if self.records else {}


@dataclass(frozen=True)
class Chart:
    """What to draw of the form's result: arguments of the tool `draw_chart`, save the query's number."""

    kind: str
    x: str
    y: str
    title: str
    colour: str = ""


class Form(Protocol):
    """A question as the grammar understood it."""

    @property
    def population(self) -> tuple[Filter, ...]:
        """Whom it is about; follow-up questions change it."""

    @property
    def purpose(self) -> str:
        """What its query is for, as a short phrase."""

    @property
    def sql(self) -> str:
        """Its one SELECT."""

    @property
    def chart(self) -> Chart | None:
        """What to draw of its result, if anything."""

    def answer(self, rows: Rows) -> str:
        """One or two sentences made of these rows only."""


def figure(value: Any) -> str:
    """A number as it stands in an answer: no exponent, no trailing zeros.

    >>> figure(28.0), figure(71.2833), figure(891)
    ('28', '71.2833', '891')
    """
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def amount(value: Any, unit: str) -> str:
    """A number with its unit, of which one is one: `1 year`, `27 years`, `14.45 pounds`."""
    return f"{figure(value)}{unit.removesuffix('s') if value == 1 else unit}"


SINGULAR = {
    "passengers": "passenger",
    "women": "woman",
    "men": "man",
    "survivors": "survivor",
    "victims": "victim",
}


def counted(number: int, people: str) -> str:
    """A number and what it counts: `1 woman in third class`, `314 women`."""
    noun, _, rest = people.partition(" ")
    return " ".join(part for part in (str(number), SINGULAR[noun] if number == 1 else noun, rest) if part)


def listing(parts: Sequence[str], last: str = "and") -> str:
    """Parts as a list in words: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def sentence(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]
