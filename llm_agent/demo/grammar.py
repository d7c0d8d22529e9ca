"""From a question, and the question before it, to what it means: one form, or an honest refusal to guess.

Every word must be understood, and the whole question must fit one sentence form of `demo.rules`. A question
that begins with "and", "what about" or the like is read as a change of the question before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from llm_agent.demo.figures import Figures
from llm_agent.demo.form import Form
from llm_agent.demo.limits import not_in_table
from llm_agent.demo.measures import Count, Share
from llm_agent.demo.people import Extreme, Lookup, People
from llm_agent.demo.population import NotUnderstood, merged, population
from llm_agent.demo.rules import RULES
from llm_agent.demo.scanner import Token, plain, scan
from llm_agent.demo.sentences import Context, Parts, dimension
from llm_agent.demo.terms import Dimension, Filter

ONLY = re.compile(r"\(\s*only:?([^()]*)\)", re.IGNORECASE)
"""Filters of the charts page at the end of a question: `(only: class 3; women; age 20 to 40)`."""

GROUPS = re.compile(r"b([dcC])(?:&?b?([dc]))?")


@dataclass(frozen=True)
class Understood:
    """A question that the grammar knows: its form, and spellings that were mended."""

    form: Form
    mended: tuple[tuple[str, str], ...] = ()


class UnknownWords(Exception):
    """Words of the question that the vocabulary does not have."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__(words)
        self.words = words


def understand(question: str, before: Form | None = None) -> Understood:
    """What the question means; `before` is the form of the question before it, for follow-ups.

    Raises `UnknownWords` or `NotUnderstood`; it never guesses.
    """
    question, extra = cut_only(plain(question))
    scanned = scan(question)
    unknown = scanned.unknown or tuple(
        token.text for token in scanned.tokens if token.kind == "P" and not_in_table(token.text)
    )
    if unknown:
        raise UnknownWords(unknown)
    tokens = scanned.tokens
    extra += tuple(token for token in tokens if token.kind == "s")
    asks_age = any(token.kind == "G" for token in tokens)
    tokens = tuple(token for token in tokens if token.kind not in "sgG")
    meant = meaning(resolved(tokens, before), extra, before)
    if asks_age:
        meant = with_age(meant)
    return Understood(meant, scanned.mended)


def with_age(meant: Form) -> Form:
    """The form of a question that ends in "and how old was she?"."""
    if isinstance(meant, Lookup):
        return replace(meant, facts=tuple(dict.fromkeys((*meant.facts, "age"))))
    if isinstance(meant, Extreme) and meant.quantity.key == "age":
        return meant
    raise NotUnderstood


def cut_only(question: str) -> tuple[str, tuple[Token, ...]]:
    """The question without its "(only: ...)" part, and the filters of that part."""
    match = ONLY.search(question)
    if not match:
        return question, ()
    scanned = scan(match.group(1))
    if scanned.unknown:
        raise UnknownWords(scanned.unknown)
    if not set(scanned.kinds) <= set("fvsznF"):
        raise NotUnderstood
    filters = tuple(token for token in scanned.tokens if token.kind in "fvsz")
    return ONLY.sub(" ", question), filters


def resolved(tokens: tuple[Token, ...], before: Form | None) -> tuple[Token, ...]:
    """The tokens with "he" or "she" replaced by the one person of the question before."""
    if not any(token.kind == "u" for token in tokens):
        return tokens
    if not isinstance(before, Lookup) or len(before.population) != 1:
        raise NotUnderstood
    person = Token("P", "that person", before.population[0])
    return tuple(person if token.kind == "u" else token for token in tokens)


def meaning(tokens: tuple[Token, ...], extra: tuple[Token, ...], before: Form | None) -> Form:
    """The form of the tokens, as a question of its own or as a change of the one before."""
    start = next((place for place, token in enumerate(tokens) if token.kind not in "&F"), len(tokens))
    is_follow_up = start > 0
    tokens = tokens[start:]
    if is_follow_up and before is None:
        raise NotUnderstood
    if is_follow_up:
        changed = change(tuple(token for token in tokens if token.kind not in "i"), extra, before)
        if changed:
            return changed
    context = Context(extra=extra, base=base_of(before, tokens), is_follow_up=is_follow_up)
    tokens, context = without_groups(tokens, context)
    for candidate in (tokens, tuple(token for token in tokens if token.kind != "i")):
        found = first_form(candidate, context)
        if found:
            return found
    raise NotUnderstood


def base_of(before: Form | None, tokens: tuple[Token, ...]) -> tuple[Filter, ...] | None:
    """Whom "them" means: those counted or listed before; of a share it is not clear, so nobody."""
    has_pronoun = any(token.kind == "t" for token in tokens)
    if isinstance(before, People):
        return before.population
    if isinstance(before, Figures) and not (has_pronoun and isinstance(before.measure, Share)):
        return before.population
    return None


def without_groups(tokens: tuple[Token, ...], context: Context) -> tuple[tuple[Token, ...], Context]:
    """The tokens without "by class", and the context with its dimensions."""
    kinds = "".join(token.kind for token in tokens)
    match = GROUPS.search(kinds)
    if not match:
        return tokens, context
    named = [tokens[match.start(number)] for number in (1, 2) if match.group(number)]
    groups = tuple(dimension(token) for token in named)
    rest = (*tokens[: match.start()], *tokens[match.end() :])
    return rest, replace(context, groups=groups)


def first_form(tokens: tuple[Token, ...], context: Context) -> Form | None:
    """The first sentence form that these tokens fit, from the first to the last."""
    kinds = "".join(token.kind for token in tokens)
    for regex, rule in RULES:
        match = regex.fullmatch(kinds)
        if not match:
            continue
        try:
            return rule(parts_of(match, tokens), context)
        except NotUnderstood:
            continue
    return None


def parts_of(match: re.Match[str], tokens: tuple[Token, ...]) -> Parts:
    """The tokens of each named group, and under each letter those of that kind."""
    parts: Parts = {}
    for token in tokens:
        parts[token.kind] = (*parts.get(token.kind, ()), token)
    for name, text in match.groupdict().items():
        parts[name] = tokens[match.start(name) : match.end(name)] if text is not None else ()
    parts.setdefault("np", ())
    return parts


def change(tokens: tuple[Token, ...], extra: tuple[Token, ...], before: Form | None) -> Form | None:
    """The form before with other people or another breakdown, or None where the tokens say more than that."""
    kinds = "".join(token.kind for token in tokens)
    if isinstance(before, Figures):
        kinds_asked = {Count: "q", Share: "p"}.get(type(before.measure), "")
        if kinds_asked and kinds.startswith(kinds_asked) and re.fullmatch("[fzn&|]*", kinds[1:]):
            tokens, kinds = tokens[1:], kinds[1:]
        if kinds == "x" and before.order:
            return replace(before, order="highest" if tokens[0].value else "lowest")
        if re.fullmatch("b?[dc]", kinds) or re.fullmatch("b[dc]&b?[dc]", kinds):
            return regrouped(before, tuple(dimension(token) for token in tokens if token.kind in "dc"))
    if not tokens or not re.fullmatch("[fvznF&|]*", kinds) or not isinstance(before, Figures | People):
        return None
    found = population((*(token for token in tokens if token.kind != "F"), *extra))
    if isinstance(before, People):
        return None if found.dimensions else People(merged(before.population, found.filters))
    return repopulated(before, found.filters, found.dimensions)


def regrouped(before: Figures, groups: tuple[Dimension, ...]) -> Form:
    """The same figures by other dimensions."""
    if before.order:
        raise NotUnderstood
    return replace(before, groups=groups)


def repopulated(before: Figures, filters: tuple[Filter, ...], dimensions: tuple[Dimension, ...]) -> Form:
    """The same figures of other people."""
    measure = before.measure
    if isinstance(measure, Share):
        part_keys = {one.key for one in measure.part}
        if {one.key for one in filters} & part_keys:
            raise NotUnderstood
    groups = tuple(dict.fromkeys((*before.groups, *dimensions)))
    groups = tuple(group for group in groups if group in dimensions or not filtered_by(group, filters))
    if len(groups) > 2:
        raise NotUnderstood
    return replace(before, population=merged(before.population, filters), groups=groups)


def filtered_by(group: Dimension, filters: tuple[Filter, ...]) -> bool:
    """True where one of the filters leaves only one value of this dimension."""
    return any(one.key == group.key or (one.key, group.key) == ("survived", "outcome") for one in filters)
