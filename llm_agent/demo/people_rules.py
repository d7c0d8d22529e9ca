"""Sentence forms that ask for people: who, the oldest, facts about one passenger."""

from __future__ import annotations

import re

from llm_agent.demo.form import Form
from llm_agent.demo.measures import Statistic
from llm_agent.demo.people import FACTS, Extreme, Lookup, People
from llm_agent.demo.population import NotUnderstood
from llm_agent.demo.sentences import Context, Parts, form
from llm_agent.demo.terms import (
    Quantity,
)


@form(
    "x(?P<c>c)e?(?P<np>NP*)", "(?P<np>NP+)x(?P<c>c)", "o?(?P<np>[nf]NP*)x(?P<c>c)", "ox(?P<c>c)e?(?P<np>NP*)",
    "o(?P<np>NP*)x(?P<c>c)",
)  # fmt: skip
def highest_value(parts: Parts, context: Context) -> Form:
    """What was the highest fare paid by a woman?"""
    return extreme(parts["c"][0].value, parts["x"][0].value, parts, context)


@form(
    "o?y(?P<np>NP*)",
    "o?(?P<m>m)y(?P<np>NP*)",
    "oy(?P<m>m)(?P<np>NP*)",
    "o?(?P<np>NP+)y",
    "(?P<c>[cd])e?y(?P<np>NP*)",
    "o?y(?P<m>m)(?P<np>NP*)", "(?P<np>NP*)(?P<c>c)y",
)  # fmt: skip
def oldest(parts: Parts, context: Context) -> Form:
    """Who were the five oldest passengers?"""
    quantity, is_highest = parts["y"][0].value
    asked = parts["c"][0].value if parts.get("c") else quantity
    if asked.key != quantity.key and not (asked.key == "ticket" and quantity.key == "fare"):
        raise NotUnderstood
    places = parts["m"][0].value if parts.get("m") else 1
    return extreme(quantity, is_highest, parts, context, places)


def extreme(quantity: Quantity, is_highest: bool, parts: Parts, context: Context, places: int = 1) -> Form:
    """The passengers at the end of a quantity; by group only the value itself."""
    found = context.people(parts["np"])
    if context.groups or found.dimensions:
        if "o" in parts or places > 1:
            raise NotUnderstood
        return context.figures(Statistic("maximum" if is_highest else "minimum", quantity), parts["np"])
    if not 1 <= places <= 100:
        raise NotUnderstood
    return Extreme(quantity, found.filters, is_highest, places)


@form("o(?P<np>e?NP+)", "o(?P<np>e?[nf]*P[fn]*)", "(?P<np>[fvzn&]+)")
def people(parts: Parts, context: Context) -> Form:
    """Who stayed in cabin C23 C25 C27?"""
    if "o" not in parts and not re.match(r"who(?:se)?\b", parts["np"][0].text, re.IGNORECASE):
        raise NotUnderstood
    found = context.people(parts["np"])
    if context.groups or found.dimensions or not found.filters:
        raise NotUnderstood
    if any(
        one.key == "passenger_id" or (one.key == "name" and "instr" not in one.sql and "LIKE" in one.sql)
        for one in found.filters
    ):
        asks_name = "o" in parts and "name" in parts["o"][0].text.lower()
        return Lookup(found.filters, ("passenger",) if asks_name else BASIC_FACTS)
    return People(found.filters)


BASIC_FACTS = ("survived", "pclass", "sex", "age", "fare", "embarked")
ALL_FACTS = (
    "survived",
    "pclass",
    "sex",
    "age",
    "sibsp",
    "parch",
    "ticket",
    "fare",
    "cabin",
    "embarked",
    "passenger_id",
)  # fmt: skip


@form(
    "(?P<facts>[oAcdwbq&]*)e?(?P<np>n?f?[zP][fzPn]*)",
    "(?P<np>[zP])(?P<facts>[Acd][Acd&]*)",
    "(?P<np>[zP])(?P<num>[vf])",
)  # fmt: skip
def lookup(parts: Parts, context: Context) -> Form:
    """What fare did Mrs. John Bradley Cumings pay?"""
    found = context.people(parts["np"])
    if context.groups or found.dimensions:
        raise NotUnderstood
    facts = facts_of(parts)
    if facts == BASIC_FACTS and not any(one.key in ("passenger_id", "name") for one in found.filters):
        return People(found.filters)
    return Lookup(found.filters, facts)


def facts_of(parts: Parts) -> tuple[str, ...]:
    """The columns that the question asks for; all of the common ones where it names none."""
    if parts.get("num"):
        key = parts["num"][0].value.key
        if key not in ("survived", "pclass", "embarked", "sex"):
            raise NotUnderstood
        return (key,)
    asked = [token for token in parts.get("facts", ()) if token.kind in "Acd"]
    if any(token.value == "*" for token in asked):
        return ALL_FACTS
    keys = [token.value if token.kind == "A" else token.value.key for token in asked]
    keys = ["survived" if key == "outcome" else key for key in keys]
    if any(token.kind in "qb" for token in parts.get("facts", ())) and not keys:
        raise NotUnderstood
    if any(key not in FACTS for key in keys):
        raise NotUnderstood
    if keys:
        return tuple(dict.fromkeys(keys))
    return ("passenger",) if "o" in parts and any(t.kind == "n" for t in parts["np"]) else BASIC_FACTS
