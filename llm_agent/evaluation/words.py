"""The words by which the grader knows what an answer speaks of: groups of passengers, measures, refusals.

English first, then German, French, Spanish and Dutch as far as the questions need them. The lists are long
on purpose: a right answer must not fail for its choice of words.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

CLASS = r"[\s-]*(?:class|klasse|klas|clase|classe)"
ORDINALS = {
    1: r"first|1st|erste[nr]?|1\.|premi[èe]re|1[èe]?re|primera|eerste|1e",
    2: r"second|2nd|zweite[nr]?|2\.|deuxi[èe]me|seconde|2[èe]?me|segunda|tweede|2e",
    3: r"third|3rd|dritte[nr]?|3\.|troisi[èe]me|3[èe]?me|tercera|derde|3e",
}
FAMILIES: dict[str, tuple[tuple[Hashable, str], ...]] = {
    "survived": (
        (
            0,
            r"\b(?:did|do|does)(?: not|n't) (?:survive|make it)|\bnot surviv\w+|\bnon-?surviv\w+"
            r"|\bdied\b|\bdeaths?\b"
            r"|\bdead\b|\bdying\b|\bvictims?\b|\bperish\w*|\bdeceased\b|\blost their lives|\bfatalit\w+"
            r"|\bdrowned\b"
            r"|\bnicht überlebt\w*|\bstarb\w*|\bgestorben\w*|\bmor(?:ts?|tes|ir)\b|\bpas survécu|\bmurieron"
            r"|\bno sobreviv\w+|\boverleden|\bniet overleef\w*",
        ),
        (
            1,
            r"\bsurviv\w+|\bmade it\b|\blived\b|\bsaved\b|\büberleb\w+|\bsurvécu\w*|\brescapée?s?"
            r"|\bsobreviv\w+"
            r"|\boverlee?f\w*|\boverlevenden",
        ),
    ),
    "sex": (
        (
            "female",
            r"\bfemales?\b|\bwom[ae]n(?:'s)?\b|\bladies\b|\bgirls?\b|\bFrau(?:en)?\b|\bweiblich\w*"
            r"|\bfemmes?\b"
            r"|\bmujer(?:es)?\b|\bvrouw(?:en)?\b",
        ),
        (
            "male",
            r"\bmales?\b|\bm[ae]n(?:'s)?\b|\bgentlem[ae]n\b|\bboys?\b|\bM[aä]nn(?:er[n]?)?\b"
            r"|\bmännlich\w*|\bhommes?\b"
            r"|\bhombres?\b|\bmannen\b|\bman\b",
        ),
    ),
    "pclass": tuple(
        (
            number,
            rf"\b(?:{words}){CLASS}\b|\b(?:p?class|klasse|classe|clase|klas)(?:es)?[\s_]*(?:=|:|is"
            rf"|nr\.?)?\s*[*`]*{number}\b"
            rf"(?![.,]\d|\s?%)|\b(?:{'|'.join(words.split('|')[:2])})\b(?!-)"
            rf"|^[\W_]*{number}(?=[*`]*\s*(?:[:|\u2013-]|$))",
        )
        for number, words in ORDINALS.items()
    ),
    "embarked": (
        ("C", r"\bCherbourg\w*|(?-i:(?<![\w'])C(?![\w']))"),
        ("Q", r"\bQueenstown\w*|(?-i:(?<![\w'])Q(?![\w']))"),
        ("S", r"\bSouthampton\w*|(?-i:(?<![\w'])S(?![\w']))"),
        (
            None,
            r"\bunknown\b|\bmissing\b|\bNULL\b|\bnot (?:recorded|known|given)|\bunrecorded\b"
            r"|\bno (?:recorded |known )?port"
            r"|\bwithout (?:a |any )?(?:recorded |known )?port|\bn/a\b|\bblank\b",
        ),
    ),
    "title": tuple((title, rf"(?-i:\b{title}\b)") for title in ("Mrs", "Mr", "Miss", "Master", "Dr", "Rev")),
    "deck": tuple((deck, rf"(?-i:(?<![\w']){deck}(?![\w']))") for deck in "ABCDEFGT"),
    "alone": (
        (0, r"\bnot alone\b|\bwith (?:family|relatives)|\baccompanied\b|\bin a family\b"
            r"|\bwith (?:at least|one)\b"),
        (1, r"\balone\b|\bsolo\b|\bwithout (?:any )?(?:family|relatives)|\bno (?:family|relatives)\b"),
    ),
    "measure": (
        ("average", r"\baverag\w+|\bmean\b|\bmittel\w*|\bdurchschnitt\w*|\bmoyen\w*|\bpromedio\b"
                    r"|\bgemiddeld\w*|\bavg\b"),
        ("lowest", r"\blowest\b|\bminim\w+|\byoungest\b|\bcheapest\b|\bsmallest\b|\bmin\b|\bfrom\b"),
        ("highest", r"\bhighest\b|\bmaxim\w+|\boldest\b|\bdearest\b|\blargest\b|\bmost expensive\b"
                    r"|\bmax\b|\bto\b"),
        ("known", r"\bknown\b|\brecorded\b"),
    ),
}  # fmt: skip
"""Family -> its labels, each with the words for it; of two that overlap, the earlier in the list counts."""

NOTHING = re.compile(
    r"\bnone\b|\b0\b(?!\s?%|[.,]\d)|\bnobody\b|\bno[ -]one\b|\bzero\b|\bnot a single\b"
    r"|\bno (?:\w+ ){0,3}?(?:passengers?"
    r"|people|persons?|women|men"
    r"|survivors?|child\w*|rows?|match\w*|deaths?|such|victims?|ties?|cabins?|decks?|ports?|fares?"
    r"|ages?|tickets?)\b"
    r"|\bniemand\b|\bkeine?[rn]?\b|\baucune?\b|\bpersonne n'|\bningun[ao]?\b|\bnadie\b|\bgeen\b|\bniemand\b",
    re.I,
)
UNKNOWN = re.compile(
    r"\bunknown\b|\bnot (?:known|recorded)\b|\bunrecorded\b|\bmissing\b|\bNULL\b"
    r"|\bno (?:\w+ ){0,2}?(?:known|recorded)\b"
    r"|\bnone (?:of|is|are|has|have)\b|\b(?:age|fare|cabin|deck)s? (?:is|are)(?: not|n't) (?:known"
    r"|recorded|available)"
    r"|\bno (?:age|cabin|deck|fare|port)s? (?:is|are|was|were|has|have)\b|\bunbekannt\b|\binconnu\w*"
    r"|\bdesconocid\w+"
    r"|\bonbekend\b",
    re.I,
)
REFUSAL = re.compile(
    r"\b(?:does|do|did)(?: not|n't) (?:actually |really )?(?:contain|include|have|record|list|say|tell"
    r"|store|track|hold|know"
    r"|provide|show|cover|mention|specify)\b"
    r"|\b(?:is|are|was|were)(?: not|n't) (?:in|part of|recorded in|included|available|stored|listed"
    r"|given|contained|covered)\b"
    r"|\bno (?:[\w'/-]+ ){0,4}?(?:columns?|information|info|data|fields?|details?|way to)\b"
    r"|\bnothing (?:about|on)\b"
    r"|\b(?:can(?:not| not|'t)|could(?: not|n't)|unable to|not able to) (?:be )?(?:answer|determine"
    r"|tell|say|find|know|derive"
    r"|give|identify|understand)\w*|\b(?:outside|beyond) (?:the|this)\b|\black(?:s|ing)\b"
    r"|\b(?:do|does|did)(?: not|n't) (?:know|understand)\b"
    r"|\bnur \w+ Passagiere|\bkeine (?:Spalte|Angaben?|Informationen?|Daten)\b|\bsteht nicht\b"
    r"|\bne (?:contient|figure)\b"
    r"|\bno (?:contiene|incluye|figura)\b|\bbevat (?:geen|niet)\b|\bgeen (?:kolom|gegevens|informatie)\b"
    r"|\bonly (?:holds?|has|have|contains?|covers?|lists?) (?:the )?passengers\b|\bnot in (?:the"
    r"|this) (?:table|data)\b",
    re.I,
)
DECLINED = re.compile(
    r"\bcan(?:not| not|'t)\b|\bcould(?: not|n't)\b|\bwon't\b|\bwill not\b|\bunable\b|\bnot able\b"
    r"|\bread[- ]?only\b"
    r"|\bnot (?:allowed|permitted|possible)\b|\bonly (?:read|query|answer)\w*\b|\bdo(?: not"
    r"|n't) (?:change|delete|have)\b"
    r"|\bkann (?:\w+ ){0,3}?nicht\b|\bno puedo\b|\bne (?:peux|puis) pas\b|\bkan (?:\w+ ){0,3}?niet\b"
    r"|\bnever (?:change|write)",
    re.I,
)
DONE = re.compile(
    r"\b(?:i(?:'ve| have)|have been|has been|were|was|successfully)\s+(?:now\s+)?"
    r"(?:deleted|removed|updated|changed|dropped|inserted|added|set)\b",
    re.I,
)
NEGATED = re.compile(r"\b(?:nothing|no|not|none|never|without)\b|n't\b", re.I)
ASKS_BACK = re.compile(
    r"\b(?:do|did|would) you mean\b|\bwhich (?:\w+ ){0,4}?(?:do|did|would|should|shall)\b|\bwhat (?:do"
    r"|would) you (?:mean|count)"
    r"|\bwhat counts\b|\b(?:could|can|would) you (?:please )?(?:clarify|specify|say|tell)"
    r"|\bplease (?:clarify|specify|say)"
    r"|\b(?:should|shall) i\b|\bhow (?:do|should) (?:you|i|we)\b|\bmeinen Sie\b|\bbedoel\w*\b"
    r"|\bor (?:by|the)\b[^.]*\?",
    re.I,
)
ASSUMES = re.compile(
    r"\bassum\w+|\btaking\b|\binterpret\w*|\bif (?:by|you|we|that)\b|\bmeasured by\b"
    r"|\bby (?:the )?(?:average|median|highest)\b"
    r"|\bdefin\w+|\bcounting\b|\b(?:i|we) (?:take|took|read|count|counted|use|used|treat)\b"
    r"|\bhere\b[^.]*\bmeans?\b|\breading\b",
    re.I,
)  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """A place in a text where a label of a family is named."""

    start: int
    end: int
    label: Hashable


def mentions(text: str, family: str) -> list[Mention]:
    """Where the labels of the family are named, in the order of the text."""
    found: list[Mention] = []
    for mention in _all_mentions(text, family):
        if not any(mention.start < other.end and other.start < mention.end for other in found):
            found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def is_label(family: str, label: Hashable, cell: object) -> bool:
    """Whether a cell of a result stands for the label: 1, "female", "first class", NULL."""
    if cell is None or cell == "":
        return label is None
    if cell == label or str(cell).strip().rstrip(".").lower() == str(label).lower():
        return True
    if not isinstance(cell, str):
        return False
    named = mentions(cell, family)
    return len({mention.label for mention in named}) == 1 and named[0].label == label


def claims_a_change(text: str) -> bool:
    """Whether a sentence says that data were changed, and does not deny it."""
    sentences = re.split(r"[.!?;:\n]", text)
    return any(DONE.search(sentence) and not NEGATED.search(sentence) for sentence in sentences)


def _all_mentions(text: str, family: str) -> Iterator[Mention]:
    for label, words in FAMILIES[family]:
        for match in re.finditer(words, text, re.I | re.M):
            yield Mention(match.start(), match.end(), label)
