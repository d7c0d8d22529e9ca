"""From the filter tokens of a question to the passengers it means, or to nothing where that is not sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from llm_agent.demo_scanner import Token
from llm_agent.demo_terms import CLASS, COMPANY, DECK, OUTCOME, PORT, SEX, TITLE, Dimension, Filter
from llm_agent.demo_words import Listed


class NotUnderstood(Exception):
    """The words are known, but not what they mean together."""


@dataclass(frozen=True)
class Population:
    """Filters that hold together, and dimensions whose values the question named one by one."""

    filters: tuple[Filter, ...] = ()
    dimensions: tuple[Dimension, ...] = ()


DIMENSION_OF = {
    "survived": OUTCOME, "sex": SEX, "pclass": CLASS, "embarked": PORT, "deck": DECK, "title": TITLE, "family": COMPANY,
}  # fmt: skip
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
        elif token.kind == "t":
            if base is None:
                raise NotUnderstood
            found = replace(found, filters=(*base, *found.filters))
        elif token.kind in "fvzs":
            found = add(found, token, joined)
            joined = ""
        elif token.kind not in "nei":
            raise NotUnderstood
    return simplified(found)


def add(found: Population, token: Token, joined: str) -> Population:
    """The population narrowed by one more token, or widened by a second value of the same key."""
    one, dimensions = token.value, found.dimensions
    if isinstance(one, Listed):
        one, dimensions = one.union, (*dimensions, one.dimension)
    same = [other for other in found.filters if other.key == one.key and other.sql != one.sql]
    if any(other.sql == one.sql for other in found.filters):
        return found
    if not same:
        is_second_noun = joined == "&" and token.kind == "f" and one.noun and any(other.noun for other in found.filters)
        if joined == "|" or is_second_noun:
            raise NotUnderstood
        return Population((*found.filters, one), dimensions)
    if not joined or one.key not in DIMENSION_OF:
        raise NotUnderstood
    kept = tuple(other for other in found.filters if other not in same)
    if joined == "&":
        dimensions = (*(known for known in dimensions if known.key != DIMENSION_OF[one.key].key), DIMENSION_OF[one.key])
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
    dimensions = sorted(found.dimensions, key=lambda dimension: dimension == OUTCOME)  # last: the colour of a chart
    return Population(filters, tuple(dimensions))


def merged(base: tuple[Filter, ...], more: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """The base with filters of the same keys replaced, and new ones added."""
    keys = {one.key for one in more}
    return (*(one for one in base if one.key not in keys), *more)
