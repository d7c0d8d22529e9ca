"""How sentence forms are registered: a regular expression over token kinds and the rule for it.

Groups of an expression are parts of the sentence: `np` people, `num` the part of a share, `m` the measure.
The kinds of tokens stand in `demo.phrases`. A question fits a form from its first to its last token, or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llm_agent.demo.figures import Figures
from llm_agent.demo.form import Form
from llm_agent.demo.measures import Measure
from llm_agent.demo.population import NotUnderstood, Population, merged, population
from llm_agent.demo.scanner import Token
from llm_agent.demo.terms import (
    AGE_GROUP,
    FAMILY,
    OUTCOME,
    RELATIVE_COUNT,
    Dimension,
    Filter,
    Quantity,
)

Parts = dict[str, tuple[Token, ...]]
NP = "[fnzvt&|]"
"""Tokens that can describe people."""


@dataclass(frozen=True)
class Context:
    """What else the question says: its dimensions, extra filters, and whom the one before was about."""

    groups: tuple[Dimension, ...] = ()
    extra: tuple[Token, ...] = ()
    base: tuple[Filter, ...] | None = None
    minimum: int = 0
    is_follow_up: bool = False

    def people(self, tokens: tuple[Token, ...]) -> Population:
        """Whom the tokens mean; where a follow-up names nobody, those of the question before."""
        found = population((*tokens, *self.extra), self.base)
        if self.is_follow_up and self.base and not any(token.kind in "nt" for token in tokens):
            return Population(merged(self.base, found.filters), found.dimensions)
        return found

    def figures(self, measure: Measure, tokens: tuple[Token, ...]) -> Figures:
        """The measure of those people, by the dimensions that the question names in either way."""
        found = self.people(tokens)
        groups = tuple(dict.fromkeys((*self.groups, *found.dimensions)))
        if len(groups) > 2:
            raise NotUnderstood
        return Figures(measure, found.filters, groups, minimum=self.minimum)


Rule = Callable[[Parts, Context], Form]
RULES: list[tuple[re.Pattern[str], Rule]] = []


def form(*regexes: str) -> Callable[[Rule], Rule]:
    """Register a rule for sentence forms; NP in an expression stands for a token that describes people."""

    def register(rule: Rule) -> Rule:
        RULES.extend((re.compile(regex.replace("NP", NP)), rule) for regex in regexes)
        return rule

    return register


GROUP_OF = {"family_size": FAMILY, "relatives": RELATIVE_COUNT, "age": AGE_GROUP}


def dimension(token: Token) -> Dimension:
    """What a token after "by" or "which" breaks figures down by."""
    if isinstance(token.value, Dimension):
        return token.value
    if token.kind == "C":
        return OUTCOME
    if isinstance(token.value, Quantity) and token.value.key in GROUP_OF:
        return GROUP_OF[token.value.key]
    raise NotUnderstood
