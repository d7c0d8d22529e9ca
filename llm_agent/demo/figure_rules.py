"""Sentence forms that ask for figures: counts, shares, averages, by group, and which group leads."""

from __future__ import annotations

import re

from llm_agent.demo.figures import Figures
from llm_agent.demo.form import Form
from llm_agent.demo.measures import Count, Measure, Share, Statistic
from llm_agent.demo.phrases import SURVIVAL_RATE
from llm_agent.demo.population import NotUnderstood, population
from llm_agent.demo.scanner import Token
from llm_agent.demo.sentences import GROUP_OF, Context, Parts, dimension, form
from llm_agent.demo.terms import (
    AGE_GROUP,
    FARE_GROUP,
    Dimension,
    Filter,
    Quantity,
)


@form("q(?P<np>e?NP*)")
def count(parts: Parts, context: Context) -> Form:
    """How many women survived?"""
    if not parts["np"] and not context.is_follow_up and not context.groups:
        raise NotUnderstood
    return context.figures(Count(), parts["np"])


@form("e(?P<np>NP+)q(?P<num>[fnv]+)")
def count_of(parts: Parts, context: Context) -> Form:
    """Of the women, how many survived?"""
    return context.figures(Count(), (*parts["np"], *parts["num"]))


@form("(?P<np>[nf]NP*)", "o(?P<np>[nf]NP*)")
def count_by(parts: Parts, context: Context) -> Form:
    """Survivors by class."""
    if "o" in parts and not re.match("show|list|give", parts["o"][0].text, re.IGNORECASE):
        raise NotUnderstood
    found = context.figures(Count(), parts["np"])
    if not found.groups:
        raise NotUnderstood
    return found


@form(
    "p(?P<np>[fnzt&|]+)i(?P<num>[fvn&|]+)",
    "p(?P<np>[fnzt&|]+)(?P<num>v[v&]*)(?P<more>[f]*)",
    "p(?P<num>v[v&]*)",
    "e(?P<np>NP+)pi?(?P<num>[fvn&|]+)", "pi?(?P<num>[fv]+)e(?P<np>NP+)",
)  # fmt: skip
def share(parts: Parts, context: Context) -> Form:
    """What percentage of the survivors were women?"""
    more = parts.get("more", ())
    if any(
        token.value.key not in ("pclass", "embarked", "sex")
        for token in more
        if isinstance(token.value, Filter)
    ):
        raise NotUnderstood
    part = population(parts["num"])
    if not part.filters or part.dimensions:
        raise NotUnderstood
    found = context.figures(Share(part.filters), (*parts.get("np", ()), *more))
    if {one.key for one in found.population} & {one.key for one in part.filters}:
        raise NotUnderstood
    return found


@form("p(?P<np>n?)(?P<num>f+)")
def share_of_all(parts: Parts, context: Context) -> Form:
    """What is the percentage of women?"""
    if context.is_follow_up or (context.groups and not parts["np"]):
        raise NotUnderstood  # women in each class: of the class, or of all women?
    part = population(parts["num"])
    last = parts["num"][-1]
    if len(parts["num"]) > 1:
        if not re.match("who|that|which", last.text) or last.value.key != "survived":
            raise NotUnderstood
        return context.figures(Share((last.value,)), parts["num"][:-1])
    if part.dimensions:
        raise NotUnderstood
    return context.figures(Share(part.filters), ())


@form("(?P<m>r)e?(?P<np>NP*)", "(?P<np>NP+)(?P<m>r)(?P<more>f*)", "C(?:e?(?P<np>NP+))?")
def survival_rate(parts: Parts, context: Context) -> Form:
    """What was the survival rate of women in first class?"""
    measure = parts["m"][0].value if parts.get("m") else SURVIVAL_RATE
    tokens = (*parts.get("np", ()), *parts.get("more", ()))
    found = context.figures(measure, tokens)
    is_bare = not parts.get("m") and not found.groups
    if is_bare or any(one.key == "survived" for one in found.population):
        raise NotUnderstood
    return found


@form(
    "(?P<a>a)e?(?P<c>c)e?(?P<np>NP*)", "(?P<c>c)i?(?P<np>NP*)(?P<a>a)", "(?P<np>NP+)(?P<a>a)(?P<c>c)",
    "(?P<a>a)(?P<c>c)b(?P<np>NP+)", "(?P<c>c)e?(?P<a>a)e?(?P<np>NP*)",
)  # fmt: skip
def statistic(parts: Parts, context: Context) -> Form:
    """What is the average age of the survivors?"""
    if "b" in parts and parts["b"][0].text.lower() != "by":
        raise NotUnderstood  # paid by women, not per woman
    return context.figures(Statistic(parts["a"][0].value, parts["c"][0].value), parts["np"])


@form(
    "w(?P<d>[dc])(?P<m>M?)(?P<more>[fnv]*)x(?P<what>r|ac|q)e?(?P<np>NP*)",
    "w(?P<d>[dc])(?P<what>r|ac)e?(?P<np>NP*)x",
    "w(?P<d>[dc])(?P<m>M?)x(?P<what>)(?P<np>[fn]NP*)", "w(?P<d>[dc])(?P<what>)(?P<np>[fn]NP*)x",
    "R(?P<d>[dc])b?(?P<x>X?)(?P<what>r|ac)(?P<np>NP*)(?P<more>X?)&?(?P<m>M?)",
    "(?P<d>[dc])Rb(?P<what>r|ac)(?P<np>NP*)(?P<x>X?)(?P<m>M?)",
    "w(?P<d>[dc])(?P<what>)(?P<np>[fn]*v)x",
    "w(?P<d>[dc])x(?P<what>)(?P<np>)",
    "(?P<d>[dc])ex(?P<what>r|ac)(?P<np>NP*)",
    "(?P<d>[dc])x(?P<what>r|ac)(?P<np>NP*)",
)  # fmt: skip
def leading_group(parts: Parts, context: Context) -> Form:
    """Which class had the highest survival rate?"""
    if context.groups:
        raise NotUnderstood
    group = dimension(parts["d"][0])
    more = parts.get("more", ())
    direction = [token for token in (*parts.get("x", ()), *more) if token.kind in "xX"]
    is_highest = direction[0].value if direction else True
    people = (*(token for token in more if token.kind != "X"), *parts["np"])
    found = context.figures(measured(parts["what"]), people)
    if found.groups or (
        isinstance(found.measure, Share) and any(one.key == "survived" for one in found.population)
    ):
        raise NotUnderstood
    minimum = max([context.minimum, *(token.value for token in parts.get("m", ()))])
    return Figures(
        found.measure, found.population, (group,), "highest" if is_highest else "lowest", minimum=minimum,
    )  # fmt: skip


def measured(tokens: tuple[Token, ...]) -> Measure:
    """The measure that some tokens name; none is a count."""
    kinds = "".join(token.kind for token in tokens)
    if kinds == "r":
        return Share((tokens[0].value.part[0],), tokens[0].value.words)
    if kinds == "ac":
        return Statistic(tokens[0].value, tokens[1].value)
    return Count()


@form("H(?P<c>[cdf])(?P<np>NP*)B?", "H(?P<c>[cdf])e(?P<np>NP+)B?", "(?P<c>[cd])H(?P<np>NP*)")
def distribution(parts: Parts, context: Context) -> Form:
    """How are the ages distributed? In groups of ten years."""
    token = parts["c"][0]
    groups = {"age": AGE_GROUP, "fare": FARE_GROUP, **GROUP_OF}
    people = parts["np"]
    group: Dimension | None = None
    if token.kind == "f":
        if token.value.key != "age known":
            raise NotUnderstood
        group, people = AGE_GROUP, (token, *people)
    elif isinstance(token.value, Dimension):
        group = token.value
    else:
        group = groups.get(token.value.key)
    if group is None or context.groups or not group.few:
        raise NotUnderstood
    found = context.figures(Count(), people)
    return Figures(Count(), found.population, (group, *found.groups)[:2])


@form("g?(?P<c>d)(?P<d>d)")
def two_dimensions(parts: Parts, context: Context) -> Form:
    """A chart of survivors and victims for men and for women."""
    if context.groups:
        raise NotUnderstood
    return Figures(Count(), context.people(()).filters, (dimension(parts["d"][0]), dimension(parts["c"][0])))


@form("(?P<c>d)")
def one_dimension(parts: Parts, context: Context) -> Form:
    """Outcome by class."""
    if not context.groups or len(context.groups) > 1 or parts["c"][0].value.key == context.groups[0].key:
        raise NotUnderstood
    return Figures(Count(), context.people(()).filters, (*context.groups, parts["c"][0].value))


@form("D(?P<d>[dc])e?(?P<np>NP*)", "D(?P<d>[dc])i?(?P<np>NP*)", "q(?P<d>d)")
def different(parts: Parts, context: Context) -> Form:
    """How many different tickets are there?"""
    value = parts["d"][0].value
    if "q" in parts and value.key not in ("pclass", "embarked", "deck", "title", "surname"):
        raise NotUnderstood  # how many cabins: different ones, or passengers with one?
    words = value.plural if isinstance(value, Dimension) else f"values of the {value.words}"
    return context.figures(
        Statistic("different", Quantity(value.key, value.key, words, unknown=False)), parts["np"]
    )
