"""The demo model's sentence forms: a regular expression over token kinds, and what a question of that form means.

Groups of an expression are the parts of the sentence: `np` people, `num` the part of a share, `m` the measure.
The kinds of tokens stand in `demo_phrases`. A question fits one form from its first to its last token, or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llm_agent.demo_figures import Figures
from llm_agent.demo_form import Form
from llm_agent.demo_measures import Count, Measure, Share, Statistic
from llm_agent.demo_people import FACTS, Extreme, Lookup, People
from llm_agent.demo_phrases import SURVIVAL_RATE
from llm_agent.demo_population import NotUnderstood, Population, merged, population
from llm_agent.demo_scanner import Token
from llm_agent.demo_statistics import Compared, Correlation, Difference, Filled, Nth, Outliers, Ratio
from llm_agent.demo_terms import (
    AGE, AGE_GROUP, CLASS_NUMBER, FAMILY, FARE, FARE_GROUP, FARE_SHARE, OUTCOME, RELATIVE_COUNT, SURVIVAL, SURVIVED,
    Dimension, Filter, Quantity,
)  # fmt: skip

Parts = dict[str, tuple[Token, ...]]
NP = "[fnzvt&|]"
"""Tokens that can describe people."""


@dataclass(frozen=True)
class Context:
    """What else the question says: its dimensions, its extra filters, and whom the question before was about."""

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


@form("(?P<np>[nf]NP*)")
def count_by(parts: Parts, context: Context) -> Form:
    """Survivors by class."""
    found = context.figures(Count(), parts["np"])
    if not found.groups:
        raise NotUnderstood
    return found


@form("qe?(?P<np>[fnzvt]+)&qe?(?P<num>[fnvt]+)")
def two_counts(parts: Parts, context: Context) -> Form:
    """How many women and how many men survived?"""
    first = context.people(parts["np"])
    second = parts["num"]
    if any(token.kind == "t" for token in second):
        other = population(second, first.filters).filters
    elif all(token.kind in "v" for token in second):
        keys = {one.key for one in population(second).filters}
        kept = tuple(one for one in first.filters if one.key not in keys)
        other = (*kept, *population(second).filters)
    else:
        other = context.people(second).filters
    return side_by_side(first.filters, other, context)


def side_by_side(first: tuple[Filter, ...], other: tuple[Filter, ...], context: Context) -> Form:
    """Two populations by the dimension in which they differ, or just both."""
    from llm_agent.demo_population import DIMENSION_OF, simplified, union

    common = tuple(one for one in first if one in other)
    only_first, only_other = ([one for one in side if one not in common] for side in (first, other))
    if len(only_first) == len(only_other) == 1 and only_first[0].key == only_other[0].key in DIMENSION_OF:
        key = only_first[0].key
        kept = simplified(Population((*common, union([only_first[0], only_other[0]])))).filters
        return Figures(Count(), kept, tuple(dict.fromkeys((*context.groups, DIMENSION_OF[key]))))
    if context.groups:
        raise NotUnderstood
    return Compared((first, other))


@form("q(?P<np>[fnv]+)b(?P<num>[fnv]+)")
def ratio(parts: Parts, context: Context) -> Form:
    """How many men died for each man who survived?"""
    above, below = context.people(parts["np"]).filters, context.people(parts["num"]).filters
    common = tuple(one for one in above if one in below)
    rest = [tuple(one for one in side if one not in common) for side in (above, below)]
    if context.groups or not all(rest):
        raise NotUnderstood
    return Ratio(common, rest[0], rest[1])


@form(
    "p(?P<np>[fnzt&|]+)i(?P<num>[fvn&|]+)", "p(?P<np>[fnzt&|]+)(?P<num>v[v&]*)(?P<more>[f]*)", "p(?P<num>v[v&]*)",
    "e(?P<np>NP+)pi?(?P<num>[fvn&|]+)", "pi?(?P<num>[fv]+)e(?P<np>NP+)",
)  # fmt: skip
def share(parts: Parts, context: Context) -> Form:
    """What percentage of the survivors were women?"""
    more = parts.get("more", ())
    if any(token.value.key not in ("pclass", "embarked", "sex") for token in more if isinstance(token.value, Filter)):
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
    return context.figures(Statistic(parts["a"][0].value, parts["c"][0].value), parts["np"])


@form(
    "x(?P<c>c)e?(?P<np>NP*)", "(?P<np>NP+)x(?P<c>c)", "o?(?P<np>[nf]NP*)x(?P<c>c)", "ox(?P<c>c)e?(?P<np>NP*)",
    "o(?P<np>NP*)x(?P<c>c)",
)  # fmt: skip
def highest_value(parts: Parts, context: Context) -> Form:
    """What was the highest fare paid by a woman?"""
    return extreme(parts["c"][0].value, parts["x"][0].value, parts, context)


@form(
    "o?y(?P<np>NP*)", "o?(?P<m>m)y(?P<np>NP*)", "oy(?P<m>m)(?P<np>NP*)", "o?(?P<np>NP+)y", "(?P<c>[cd])e?y(?P<np>NP*)",
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


@form(
    "w(?P<d>[dc])(?P<m>M?)(?P<more>[fnv]*)x(?P<what>r|ac|q)e?(?P<np>NP*)", "w(?P<d>[dc])(?P<what>r|ac)e?(?P<np>NP*)x",
    "w(?P<d>[dc])(?P<m>M?)x(?P<what>)(?P<np>[fn]NP*)", "w(?P<d>[dc])(?P<what>)(?P<np>[fn]NP*)x",
    "R(?P<d>[dc])b?(?P<x>X?)(?P<what>r|ac)(?P<np>NP*)(?P<more>X?)&?", "(?P<d>[dc])Rb(?P<what>r|ac)(?P<np>NP*)(?P<x>X?)",
    "w(?P<d>[dc])(?P<what>)(?P<np>[fn]*v)x", "w(?P<d>[dc])x(?P<what>)(?P<np>)", "(?P<d>[dc])ex(?P<what>r|ac)(?P<np>NP*)", "(?P<d>[dc])x(?P<what>r|ac)(?P<np>NP*)",
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
    if found.groups or (isinstance(found.measure, Share) and any(one.key == "survived" for one in found.population)):
        raise NotUnderstood
    minimum = max([context.minimum, *(token.value for token in parts.get("m", ()))])
    return Figures(
        found.measure, found.population, (group,), "highest" if is_highest else "lowest", minimum=minimum,
        is_ranking="R" in parts,
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
    if token.kind == "f":
        if token.value.key != "age known":
            raise NotUnderstood
        group, people = AGE_GROUP, (token, *people)
    else:
        group = token.value if isinstance(token.value, Dimension) else groups.get(token.value.key)
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
    if "q" in parts and value.key in ("ticket", "cabin"):
        raise NotUnderstood  # how many cabins: different ones, or passengers with one?
    words = value.plural if isinstance(value, Dimension) else f"values of the {value.words}"
    return context.figures(Statistic("different", Quantity(value.key, value.key, words, unknown=False)), parts["np"])


@form("o(?P<np>e?NP+)")
def people(parts: Parts, context: Context) -> Form:
    """Who stayed in cabin C23 C25 C27?"""
    found = context.people(parts["np"])
    if context.groups or found.dimensions or not found.filters:
        raise NotUnderstood
    if any(one.key == "passenger_id" or (one.key == "name" and "instr" not in one.sql and "LIKE" in one.sql) for one in found.filters):
        asks_name = "name" in parts["o"][0].text.lower()
        return Lookup(found.filters, ("passenger",) if asks_name else BASIC_FACTS)
    return People(found.filters)


BASIC_FACTS = ("survived", "pclass", "sex", "age", "fare", "embarked")
ALL_FACTS = (
    "survived", "pclass", "sex", "age", "sibsp", "parch", "ticket", "fare", "cabin", "embarked", "passenger_id",
)  # fmt: skip


@form(
    "(?P<facts>[oAcdwbq&]*)e?(?P<np>n?[f]?z[fzn]*)", "(?P<np>z)(?P<facts>[Acd][Acd&]*)", "(?P<np>z)(?P<num>v)",
    "(?P<np>z)(?P<num>f)",
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


@form("Q(?P<c>[cdC])&(?P<d>[cdC])e?(?P<np>NP*)")
def correlation(parts: Parts, context: Context) -> Form:
    """What is the correlation between class and fare?"""
    both = [as_quantity(parts[name][0]) for name in ("c", "d")]
    if context.groups:
        raise NotUnderstood
    return Correlation(both[0], both[1], context.people(parts["np"]).filters)


def as_quantity(token: Token) -> Quantity:
    """What can be correlated: a quantity, the class as a number, survival as 0 or 1."""
    if isinstance(token.value, Quantity):
        return token.value
    known = {"pclass": CLASS_NUMBER, "outcome": SURVIVAL}.get(token.value.key)
    if known is None:
        raise NotUnderstood
    return known


@form("q(?P<c>c)O(?P<np>NP*)", "qOe?(?P<c>c)(?P<np>NP*)", "q(?P<c>c)iO")
def outliers(parts: Parts, context: Context) -> Form:
    """How many fares are outliers by the 1.5 x IQR rule?"""
    if context.groups:
        raise NotUnderstood
    return Outliers(parts["c"][0].value, context.people(parts.get("np", ())).filters)


@form("L(?P<a>a)(?P<c>c)(?:bn)?e?(?P<np>NP*)")
def what_if(parts: Parts, context: Context) -> Form:
    """If every missing age is replaced by the median of the known ages, what is the average age?"""
    change, kind, quantity = parts["L"][0].value, parts["a"][0].value, parts["c"][0].value
    if change == "share" and quantity == FARE:
        return context.figures(Statistic(kind, FARE_SHARE), parts["np"])
    if change == "share" or quantity != AGE or kind != "average" or context.groups:
        raise NotUnderstood
    return Filled(AGE, change, context.people(parts["np"]).filters)


@form("Z(?P<a>f)(?P<m>r)h(?P<b>f)(?P<np>[f&]*)", "Z(?P<m>r)e?(?P<a>f)&(?P<b>f)(?P<np>[f&]*)")
def difference(parts: Parts, context: Context) -> Form:
    """By how many percentage points did women's survival rate exceed men's?"""
    found = context.people(parts["np"])
    first, second = parts["a"][0].value, parts["b"][0].value
    groups = (*context.groups, *found.dimensions)
    if not (first.key == second.key == "sex" and first != second) or len(groups) > 1:
        raise NotUnderstood
    return Difference(parts["m"][0].value.part[0], first, second, found.filters, groups[0] if groups else None)


@form("j(?P<c>c)e?(?P<np>NP*)")
def nth(parts: Parts, context: Context) -> Form:
    """What is the second highest distinct fare?"""
    place, is_highest = parts["j"][0].value
    if context.groups:
        raise NotUnderstood
    return Nth(parts["c"][0].value, place, is_highest, context.people(parts["np"]).filters)


@form("k(?P<a>f)h(?P<b>f)(?P<np>[fv]*)", "(?P<a>f)(?P<np>v)Kh(?P<b>f)(?P<more>f*)", "(?P<a>f)K(?P<np>v)h(?P<b>f)(?P<more>f*)")
def more_than(parts: Parts, context: Context) -> Form:
    """Did more women than men survive? Were women more likely to survive than men?"""
    pair = population((*parts["a"], Token("&", "and"), *parts["b"]))
    if len(pair.dimensions) != 1 or context.groups:
        raise NotUnderstood
    more = (*parts["np"], *parts.get("more", ()))
    if "K" not in parts:
        return Figures(Count(), (*pair.filters, *context.people(more).filters), pair.dimensions)
    part = population(parts["np"]).filters
    rest = context.people(parts["more"]).filters
    measure = SURVIVAL_RATE if part == (SURVIVED,) else Share(part)
    return Figures(measure, (*pair.filters, *rest), pair.dimensions)
