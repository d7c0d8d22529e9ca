"""From the filter tokens of a question to the passengers it means, or to nothing where that is not sure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from llm_agent.demo.patterns import Listed
from llm_agent.demo.scanner import Token
from llm_agent.demo.terms import CLASS, COMPANY, DECK, OUTCOME, PORT, SEX, TITLE, Dimension, Filter


class NotUnderstood(Exception):
    """The words are known, but not what they mean together."""


@dataclass(frozen=True)
class Population:
    """Filters that hold together, and dimensions whose values the question named one by one."""

    filters: tuple[Filter, ...] = ()
    dimensions: tuple[Dimension, ...] = ()


DIMENSION_OF = {
    "survived": OUTCOME, "sex": SEX, "pclass": CLASS, "embarked": PORT, "deck": DECK, "title": TITLE,
    "family": COMPANY,
}  # fmt: skip
FURTHER = re.compile(
    r"(?:in|from|at|with|without|who|that|whose|had|have|having|aged|paid|paying|travell?ing)\b", re.I
)
"""How a filter begins that narrows when it follows "and", instead of naming other people."""

WHOLE = {"sex": 2, "survived": 2}
"""Keys whose filters, so many of them together, leave nobody out."""


def population(tokens: Iterable[Token], base: tuple[Filter, ...] | None = None) -> Population:
    """Whom these tokens mean; `base` is whom the question before was about, for "them".

    Raises `NotUnderstood` where two filters exclude each other or "or" joins different things.
    """
    found = Population()
    joined = ""
    for token in tokens:
        if token.kind in "&|":
            joined = token.kind
        elif token.kind == "n":
            joined += "n" if joined else ""
        elif token.kind == "t":
            if base is None:
                raise NotUnderstood
            found = replace(found, filters=(*base, *found.filters))
        elif token.kind in "fvzsP":
            found = add(found, token, joined)
            joined = ""
        elif token.kind not in "ei":
            raise NotUnderstood
    return simplified(found)


def add(found: Population, token: Token, joined: str) -> Population:
    """The population narrowed by one more token, or widened by a second value of the same key."""
    dimensions = found.dimensions
    if isinstance(token.value, Listed):
        dimensions = (*dimensions, token.value.dimension)
    one: Filter = token.value.union if isinstance(token.value, Listed) else token.value
    same = [other for other in found.filters if other.key == one.key and other.sql != one.sql]
    if any(other.sql == one.sql for other in found.filters):
        return found
    if not same:
        if joined and not (joined == "&" and (token.kind == "v" or FURTHER.match(token.text))):
            raise NotUnderstood  # women and people under 10: both together, or either?
        return Population((*found.filters, one), dimensions)
    if not joined or one.key not in DIMENSION_OF or found.filters[-1].key != one.key:
        raise NotUnderstood  # women over 20 and men: men of any age?
    kept = tuple(other for other in found.filters if other not in same)
    if joined.startswith("&"):
        dimensions = (
            *(known for known in dimensions if known.key != DIMENSION_OF[one.key].key),
            DIMENSION_OF[one.key],
        )
    return Population((*kept, union([*same, one])), dimensions)


def union(filters: list[Filter]) -> Filter:
    """Passengers who meet any of these filters of one key."""
    first = filters[0]
    predicates = " or ".join(one.predicate for one in filters)
    condition = f"({' OR '.join(one.sql for one in filters)})"
    return replace(first, sql=condition, noun="", predicate=predicates, phrase=f"who {predicates}")


def simplified(found: Population) -> Population:
    """The same without a union that leaves nobody out, such as women or men."""
    filters = tuple(one for one in found.filters if one.sql.count(" OR ") + 1 < WHOLE.get(one.key, 99))
    by = sorted(found.dimensions, key=lambda known: known == OUTCOME)  # last: the colour of a chart
    return Population(filters, tuple(by))


def merged(base: tuple[Filter, ...], more: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """The base with filters of the same keys replaced, and new ones added."""
    keys = {one.key for one in more}
    return (*(one for one in base if one.key not in keys), *more)
