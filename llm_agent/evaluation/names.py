"""Which passengers, tickets and cabins an answer names: all that are right, and none that is not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

NEAR_CHARS = 60
"""Characters within which a surname and a given name belong together."""
LONG_ENOUGH = 4
"""Characters from which on another ticket or cabin counts as named: shorter ones may be anything."""


def says_exactly(text: str, wanted: Sequence[str], names: Sequence[str]) -> str:
    """What is wrong with the names in a text, empty when it names the wanted passengers and no other one."""
    folded = _folded(text)
    if missing := [name for name in wanted if not _is_named(name, folded)]:
        return f"{missing[0]} is missing"
    extra = [name for name in names if name not in wanted and _is_fully_named(name, folded)]
    return f"{extra[0]} is too many" if extra else ""


def says_set(text: str, wanted: Sequence[str], others: Sequence[str]) -> str:
    """What is wrong with the tickets or cabins in a text, empty when it names the wanted ones only."""
    if missing := [value for value in wanted if not _stands(value, text)]:
        return f"{missing[0]} is missing"
    rest = text
    for value in wanted:
        rest = re.sub(_pattern(value), " ", rest)
    extra = [
        value
        for value in others
        if value not in wanted and len(value) >= LONG_ENOUGH and _stands(value, rest)
    ]
    return f"{extra[0]} is too many" if extra else ""


def _is_named(name: str, folded: str) -> bool:
    """The surname, with one of the given names or the title near it."""
    surname, given = _parts(name)
    if _folded(name) in folded:
        return True
    for match in re.finditer(rf"(?<!\w){re.escape(surname)}(?!\w)", folded):
        near = folded[max(0, match.start() - NEAR_CHARS) : match.end() + NEAR_CHARS]
        if any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", near) for part in given):
            return True
    return False


def _is_fully_named(name: str, folded: str) -> bool:
    surname, given = _parts(name)
    if surname not in folded:
        return False
    if _folded(name) in folded or (given and f"{given[0]} {surname}" in folded):
        return True
    whole = " ".join(re.findall(r"[^\W\d_]+", re.split(r"[(\"]", name.partition(". ")[2])[0]))
    return bool(whole) and f"{_folded(whole)} {surname}" in folded


@lru_cache(maxsize=4096)
def _parts(name: str) -> tuple[str, tuple[str, ...]]:
    """The surname and the first given name of each part: the husband's, the own, the nickname."""
    surname, _, rest = name.partition(",")
    rest = rest.partition(".")[2] or rest
    given = [re.findall(r"[^\W\d_]{2,}", part)[:1] for part in re.split(r'[()"]', rest)]
    return _folded(surname), tuple(_folded(words[0]) for words in given if words)


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    """The text in lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def _stands(value: str, text: str) -> bool:
    return bool(re.search(_pattern(value), text))


def _pattern(value: str) -> str:
    """The value as a whole; blanks within it may be written or not."""
    blanks_optional = re.sub(r"(?:\\ )+", r"\\s*", re.escape(value))
    return rf"(?<![\w.]){blanks_optional}(?!\w)"
