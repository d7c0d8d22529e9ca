"""Cuts a question into tokens of the vocabulary; what it cannot place is reported, never skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from llm_agent.demo.filters import name_filter
from llm_agent.demo.patterns import Pattern
from llm_agent.demo.phrases import PHRASES
from llm_agent.demo.words import A_TITLE, FILTERS

VOCABULARY: tuple[Pattern, ...] = (*FILTERS, *PHRASES)
MAX_QUESTION_CHARS = 600
STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011", "''\"\"--")
"""Typographic quotes and hyphens, and what people without them type."""

NAME_WORD = r"[A-ZÀ-Þ][\w'-]+"
PERSON = re.compile(
    rf"{NAME_WORD}(?:(?:,? (?:(?i:{A_TITLE})|de|van|von|der|den|the|of))*,? (?:\()?{NAME_WORD}\)?)*(?:'s)?"
)
TITLED_PERSON = re.compile(rf"(?i:{A_TITLE}) \(?{NAME_WORD}(?: \(?{NAME_WORD}\)?)*(?:'s)?")
TITLE_START = re.compile(rf"(?i:{A_TITLE})\s+\(?(?={NAME_WORD})")
SPELLING = {
    "ppl": "people",
    "mny": "many",
    "hw": "how",
    "wich": "which",
    "pct": "percent",
    "hwo": "how",
    "teh": "the",
    "waht": "what",
    "adn": "and",
}
MIN_MENDED = 5
"""Letters of the shortest word whose spelling is mended: in short words one letter changes the meaning."""


@dataclass(frozen=True)
class Token:
    """A piece of the question: its kind (see `demo.phrases`), its words and what they stand for."""

    kind: str
    text: str
    value: Any = None


@dataclass(frozen=True)
class Scan:
    """A question cut into tokens: `kinds` as one string, the words not understood, and spellings mended."""

    tokens: tuple[Token, ...]
    unknown: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()

    @property
    def kinds(self) -> str:
        """The kinds of the tokens, one letter each."""
        return "".join(token.kind for token in self.tokens)


def plain(text: str) -> str:
    """The question with straight quotes, single blanks, and blanks for hyphens inside words."""
    text = text[:MAX_QUESTION_CHARS].translate(STRAIGHT)
    text = re.sub(r"(?<=[a-z0-9])-(?=[a-z])", " ", text)  # first-class; not Jean-Baptiste
    return re.sub(r"\s+", " ", text).strip()


def longest(text: str, place: int) -> tuple[Pattern, re.Match[str]] | None:
    """The pattern with the longest match at this place of the text; the first of equals."""
    best: tuple[Pattern, re.Match[str]] | None = None
    for candidate in VOCABULARY:
        match = candidate.regex.match(text, place)
        if match and match.end() > place and (best is None or match.end() > best[1].end()):
            best = (candidate, match)
    return best


def person(text: str, place: int, *, is_titled: bool) -> tuple[Token, int] | None:
    """The name of a person at this place, as a token that picks those whose name has all its words."""
    match = (TITLED_PERSON if is_titled else PERSON).match(text, place)
    if not match:
        return None
    said = re.sub(r"'s$", "", match.group(0).rstrip("."))
    words = [re.sub(r"'s$", "", word) for word in re.findall(r"[\w'-]+", said)]
    words = ["Dr" if word == "Doctor" else "Rev" if word == "Reverend" else word for word in words]
    return Token("P", said, name_filter(words)), match.end()


def next_token(text: str, place: int) -> tuple[Token, int] | None:
    """The token at this place and where it ends; None for a word that nothing knows."""
    if TITLE_START.match(text, place):
        found = longest(text, place)
        named = person(text, place, is_titled=True)
        if named and (not found or named[1] > found[1].end()):
            return named
    found = longest(text, place)
    if found:
        entry, match = found
        return Token(entry.kind, match.group(0), entry.make(match)), match.end()
    named = person(text, place, is_titled=False)
    if named and place in sentence_starts(text) and re.fullmatch(r"\w+", text[place : named[1]]):
        return None  # a capital at the start of a sentence is no name
    return named


def sentence_starts(text: str) -> set[int]:
    """Where a capital letter means nothing."""
    return {match.end() for match in re.finditer(r"^|[.?!:] +", text)}


def mend(word: str) -> str | None:
    """The one word of the vocabulary that `word` misspells by a single slip, or None."""
    if word.lower() in SPELLING:
        return SPELLING[word.lower()]
    if len(word) < MIN_MENDED or not word.isalpha() or not word.islower():
        return None
    close = [known for known in WORDS if is_one_slip(word, known)]
    return close[0] if len(close) == 1 else None


def is_one_slip(word: str, known: str) -> bool:
    """True where one letter is missing, doubled, wrong or swapped with its neighbour, not at the start."""
    if word == known or word[0] != known[0] or abs(len(word) - len(known)) > 1 or len(known) < MIN_MENDED:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(len(word), len(known))
    )
    rest, other = word[start:], known[start:]
    return rest[1:] == other or rest == other[1:] or rest[1:] == other[1:] or (
        rest[2:] == other[2:] and rest[:2] == other[:2][::-1]
    )  # fmt: skip


WORDS = [
    "passengers",
    "people",
    "women",
    "woman",
    "female",
    "survived",
    "survivors",
    "aboard",
    "average",
    "median",
    "percentage",
    "percent",
    "class",
    "first",
    "second",
    "third",
    "fare",
    "fares",
    "ticket",
    "tickets",
    "cabin",
    "cabins",
    "siblings",
    "spouses",
    "parents",
    "children",
    "without",
    "travelled",
    "alone",
    "oldest",
    "youngest",
    "highest",
    "lowest",
    "unknown",
    "missing",
    "Cherbourg",
    "Queenstown",
    "Southampton",
    "embarked",
    "boarded",
    "correlation",
    "distribution",
    "histogram",
    "chart",
    "every",
    "between",
    "under",
    "older",
    "younger",
    "number",
    "survival",
    "relatives",
    "family",
    "title",
    "which",
    "there",
    "perished",
    "victims",
]


def scan(question: str) -> Scan:
    """The tokens of a question in their order; words without a meaning here are left out.

    >>> scan("How many women were in first class?").kinds
    'qfif'
    """
    text = plain(question)
    tokens, unknown = cut(text)
    mended: list[tuple[str, str]] = []
    for word in unknown:
        better = mend(word)
        if better:
            mended.append((word, better))
            text = re.sub(rf"\b{re.escape(word)}\b", better, text)
    if mended:
        tokens, unknown = cut(text)
    return Scan(tuple(token for token in tokens if token.kind != " "), tuple(unknown), tuple(mended))


def cut(text: str) -> tuple[list[Token], list[str]]:
    """All tokens of a text, and the words that are none."""
    tokens: list[Token] = []
    unknown: list[str] = []
    place = 0
    while place < len(text):
        step = next_token(text, place) if re.match(r"[\w#£%&\"'(,]", text[place]) else None
        if step:
            tokens.append(step[0])
            place = step[1]
            continue
        word = re.compile(r"~?[\w'-]*\w|.", re.DOTALL).match(text, place)
        if word and word.group(0) not in IGNORED_MARKS:
            unknown.append(word.group(0))
        place = word.end() if word else place + 1
    return tokens, unknown


IGNORED_MARKS = frozenset(" ,.?!:;-\"'()/\n")


def without(scanned: Scan, kinds: str) -> Scan:
    """The same scan without tokens of these kinds."""
    return replace(scanned, tokens=tuple(token for token in scanned.tokens if token.kind not in kinds))
