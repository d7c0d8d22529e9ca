"""Sentence forms that compare or compute: ratios, differences, correlation, what-if questions."""

from __future__ import annotations

from llm_agent.demo.comparisons import Compared, Difference, Ratio
from llm_agent.demo.figures import Figures
from llm_agent.demo.filters import SURVIVED
from llm_agent.demo.form import Form
from llm_agent.demo.measures import Count, Share, Statistic
from llm_agent.demo.phrases import SURVIVAL_RATE
from llm_agent.demo.population import NotUnderstood, Population, population
from llm_agent.demo.scanner import Token
from llm_agent.demo.sentences import Context, Parts, form
from llm_agent.demo.statistics import Correlation, Filled, Nth, Outliers
from llm_agent.demo.terms import (
    AGE,
    CLASS_NUMBER,
    FARE,
    FARE_SHARE,
    SURVIVAL,
    Filter,
    Quantity,
)


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
    from llm_agent.demo.population import DIMENSION_OF, simplified, union

    common = tuple(one for one in first if one in other)
    only_first, only_other = ([one for one in side if one not in common] for side in (first, other))
    if len(only_first) == len(only_other) == 1 and only_first[0].key == only_other[0].key in DIMENSION_OF:
        key = only_first[0].key
        kept = simplified(Population((*common, union([only_first[0], only_other[0]])))).filters
        return Figures(Count(), kept, tuple(dict.fromkeys((*context.groups, DIMENSION_OF[key]))))
    if context.groups:
        raise NotUnderstood
    return Compared((first, other))


@form("q(?P<np>[fnv]+)b(?P<num>[fnv]+)", "E(?P<np>[fn]+)[/&](?P<num>[fn]+)")
def ratio(parts: Parts, context: Context) -> Form:
    """How many men died for each man who survived?"""
    above, below = context.people(parts["np"]).filters, context.people(parts["num"]).filters
    common = tuple(one for one in above if one in below)
    rest = [tuple(one for one in side if one not in common) for side in (above, below)]
    if context.groups or not all(rest):
        raise NotUnderstood
    return Ratio(common, rest[0], rest[1])


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
    return Difference(
        parts["m"][0].value.part[0], first, second, found.filters, groups[0] if groups else None
    )


@form("j(?P<c>c)e?(?P<np>NP*)")
def nth(parts: Parts, context: Context) -> Form:
    """What is the second highest distinct fare?"""
    place, is_highest = parts["j"][0].value
    if context.groups:
        raise NotUnderstood
    return Nth(parts["c"][0].value, place, is_highest, context.people(parts["np"]).filters)


@form(
    "k(?P<a>f)h(?P<b>f)(?P<np>[fv]*)",
    "(?P<a>f)(?P<np>v)Kh(?P<b>f)(?P<more>f*)",
    "(?P<a>f)K(?P<np>v)h(?P<b>f)(?P<more>f*)",
)
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
