"""What the demo model says when it gives no figure: to changes, unknown columns, ambiguous words, the rest.

It prefers no answer to a guess: whatever the grammar did not understand ends here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llm_agent.demo.form import listing
from llm_agent.demo.scanner import plain

EXAMPLES = ("How many women in first class survived?", "What is the average age by class?")
CONNECT = "To ask freely, connect a real model: set OPENAI_API_KEY, or OPENAI_BASE_URL for a local one."
TABLE_HAS = (
    "For each passenger it has: survival, class, name, sex, age, siblings and spouses on board, "
    "parents and children on "
    "board, ticket, fare, cabin and port of boarding."
)
MAX_WORDS_NAMED = 3
TICKET_PRICE = (
    r"(?:price|cost|fare) (?:of|for) (?:an? |the |each |one )?tickets?|ticket (?:price|cost)s?|fares? per \w+"
)


@dataclass(frozen=True)
class Asking:
    """A question back, and complete questions to choose from."""

    question: str
    options: tuple[str, ...]


VERBS = (
    "delete|remove|drop|insert|update|alter|truncate|erase|overwrite|rename|modify|change|wipe|add|replace"
    "|create table"
)
CHANGE = re.compile(
    rf"(?:^|[.;!?,:]\s*|\b(?:and|then|please|to|now|you)\s+)(?:(?:{VERBS})\b|set\b.*\bto\b)", re.IGNORECASE
)  # fmt: skip

MISSING = {
    "lifeboats": r"life ?boats?|boats?|rafts?|get away|got away",
    "the crew": (
        r"crew|sailors?|stewards?|stewardess(?:es)?|officers?|musicians?|orchestra|captain smith"
        r"|cooks?|stokers?|bandsmen"
    ),
    "nationality or origin": (
        r"nationalit(?:y|ies)|countr(?:y|ies)|citizens?|born|birthplace|american|americans|english"
        r"|irish|british|swedish|swedes|german|germans|french|italian|dutch|immigrants?|emigrants?"
        r"|ethnic\w*"
    ),
    "occupations": (
        r"professions?|jobs?|occupations?|worked|workers?|employ\w*|businessm[ae]n|servants?|maids?"
        r"|engineers?|farmers?|teachers?|nurses?"
    ),
    "income or wealth": r"salar(?:y|ies)|incomes?|earn\w*|wages?|millionaires?",
    "causes of death": r"drown\w*|froze\w*|hypothermia|cause of death|cold|causes?",
    "what happened to the bodies": r"bod(?:y|ies)|buried|graves?",
    "height or weight": r"height|weight|tall|heavy",
    "religion or language": r"religio\w*|languages?|spoke|speak|catholics?|jewish|protestants?",
    "home addresses or destinations": (
        r"address(?:es)?|home ?towns?|destinations?|heading|going to|lived in|live in"
    ),
    "marriages": r"married|unmarried|engaged|wedding|honeymoon|widow\w*|divorced|couples?",
    "meals or luggage": r"meals?|dinner|ate|food|luggage|bags?|suitcases?|jewel\w*",
    "the ship and the sinking": (
        r"iceberg|speed|weather|temperature|captain|sank|sink|depth|weigh|length|built|rescued by"
        r"|carpathia|ice"
    ),
    "dates and times": r"dates?|birthdays?|what time|what year|when|hours?|minutes?|day|april",
    "reasons": r"why|reasons?",
    "photographs": r"photos?|pictures?|look like|eyes?|hair",
    "pets": r"dogs?|cats?|pets?|animals?",
}
ANY_MISSING = {words: re.compile(rf"\b(?:{regex})\b", re.IGNORECASE) for words, regex in MISSING.items()}

AGES = {
    r"(?:young |small |little )?(?:children|kids|child|minors)": ("passengers", "under", (10, 16, 18)),
    r"girls?": ("women", "under", (10, 16, 18)),
    r"boys?": ("men", "under", (10, 16, 18)),
    r"bab(?:y|ies)|infants?|toddlers?": ("passengers", "under", (1, 2, 3)),
    r"adults?|grown[ -]?ups?": ("passengers", "at least", (16, 18, 21)),
    r"elderly(?: people| passengers)?|old (?:people|passengers)": ("passengers", "over", (50, 60, 65)),
    r"young(?: people| passengers| adults)|youngsters|younger people": ("passengers", "under", (18, 25, 30)),
    r"young women": ("women", "under", (18, 25, 30)),
    r"young men": ("men", "under", (18, 25, 30)),
    r"old women|elderly women": ("women", "over", (50, 60, 65)),
    r"old men|elderly men": ("men", "over", (50, 60, 65)),
}  # fmt: skip
KIN = {
    r"(?:brothers?|sisters?|siblings?)(?: (?:or|and) sisters?)?(?: on board| aboard)?": "siblings or spouses",
    r"(?:an? )?(?:husbands?|wife|wives|spouses?)(?: on board| aboard)?": "siblings or spouses",
    r"(?:their |a )?(?:parents?|sons?|daughters?|children)(?: on board| aboard)?": "parents or children",
}  # fmt: skip
FIXED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        r"\btickets? (?:costs?|prices?)\b.*\bon average\b"
        r"|\b(?:average|mean|median|typical|total)\b.*\b(?:price|cost|fare)s? (?:of|for) (?:a|an"
        r"|the|each|one)? ?tickets?\b"
        r"|\b(?:average|mean|median|typical|total)\b.*\bticket (?:price|cost)s?\b|\b(?:average"
        r"|mean|median)\b.*\btickets? cost\b|\bfares? per (?:person|passenger|ticket)\b"
        r"|\bper (?:person|passenger|ticket)\b.*\bfares?\b",
        "Do you mean the fare as it stands in each passenger's row, or each person's part of a "
        "ticket that several share?",
        (
            "What is the average fare of all passengers?",
            "If each fare is divided over the passengers with the same ticket, what is the average fare?",
        ),
    ),
    (
        r"\bfamil(?:y|ies)\b",
        "The table does not say who belongs to which family. Which definition do you mean?",
        (
            "How many different surnames are there?",
            "How many passengers travelled with relatives?",
            "How many passengers are there by family size?",
        ),
    ),
    (
        r"\b(?:rich|wealthy|poor|richer|poorer|wealth|upper|privileged)\w*\b",
        "The table does not know wealth. Do you mean the class, or the fare, as a stand-in for it?",
        ("What was the survival rate by class?", "What was the average fare by outcome?"),
    ),
    (
        r"\b(?:best|worst|safest|luckiest|nicest|most important|better)\b",
        "Which do you mean: the survival rate, or the fare?",
        ("Which class had the highest survival rate?", "Which class had the highest average fare?"),
    ),
    (
        r"\brelatives?\b",
        "Do you mean how many passengers had relatives on board, or how many relatives they had?",
        (
            "How many passengers travelled with relatives?",
            "What is the average number of relatives on board?",
            "How many passengers are there by number of relatives?",
        ),
    ),
    (
        r"\b(?:expensive|cheap|pricey|luxur\w+) (?:tickets?|fares?|cabins?)\b",
        "Which limit do you mean?",
        ("How many passengers paid over 50 pounds?", "How many passengers paid over 100 pounds?"),
    ),
)  # fmt: skip


def is_change(question: str) -> bool:
    """True where the question asks to change the table."""
    return bool(CHANGE.search(plain(question)))


def refuse_change() -> str:
    """The answer to a wish for a change."""
    return (
        "The data cannot be changed from here: this chat can only read the table, so nothing was changed. "
        f"Ask for a figure instead, such as “{EXAMPLES[0]}”"
    )


def not_in_table(question: str) -> str | None:
    """The answer to a question for what the table does not know; None where no such thing is named."""
    named = [words for words, regex in ANY_MISSING.items() if regex.search(plain(question))]
    if not named:
        return None
    return f"The table does not contain {listing(named, 'or')}, so it cannot answer that. {TABLE_HAS}"


def precheck(question: str, is_understood: Callable[[str], bool]) -> Asking | None:
    """A question back that must come before any answer: a fare "per ticket" can be meant in two ways."""
    regex, asked, options = FIXED[0]
    text = plain(question)
    if not re.search(regex, text, re.IGNORECASE) or re.search(r"same ticket", text, re.IGNORECASE):
        return None
    each = re.sub(TICKET_PRICE, "fare", text, flags=re.IGNORECASE)
    shared = f"If each fare is divided over the passengers with the same ticket, {each[:1].lower()}{each[1:]}"
    meant = each != text and all(is_understood(option) for option in (each, shared))
    return Asking(asked, (each, shared) if meant else options)


def ambiguous(question: str, is_understood: Callable[[str], bool]) -> Asking | None:
    """A question back, with complete questions as options, where a word has several meanings."""
    text = plain(question)
    for regex, (people, sign, limits) in AGES.items():
        found = asking_age(text, regex, [f"{people} {sign} {limit}" for limit in limits], is_understood)
        if found:
            return found
    for regex, words in KIN.items():
        changed = re.sub(rf"\b(?:{regex})\b(?!')", words, text, flags=re.IGNORECASE)
        if changed != text and is_understood(changed):
            return Asking(f"The table only counts {words} together. Do you mean them together?", (changed,))
    for regex, asked, options in FIXED:
        if re.search(regex, text, re.IGNORECASE):
            return Asking(asked, options)
    return None


def asking_age(
    text: str, regex: str, meanings: list[str], is_understood: Callable[[str], bool]
) -> Asking | None:
    """Which age is meant by a word such as "children"; None where the rest is not understood."""
    match = re.search(rf"\b(?:{regex})\b", text, re.IGNORECASE)
    if not match:
        return None
    options = tuple(text[: match.start()] + meaning + text[match.end() :] for meaning in meanings)
    if not all(is_understood(option) for option in options):
        return None
    return Asking(f"Which age do you mean by “{match.group(0)}”? The table has ages, not that word.", options)


def decline(unknown: tuple[str, ...] = ()) -> str:
    """The answer to anything else: what this is, what it can answer, and how to connect a real model."""
    words = listing([f"“{word.lstrip('~')}”" for word in unknown[:MAX_WORDS_NAMED]], "or")
    why = f"It does not know {words} here and would rather say so than guess." if words else (
        "It did not understand this question and would rather say so than guess."
    )  # fmt: skip
    return (
        f"This is the demo model, a small grammar and no LLM. {why} It can answer questions "
        "about the Titanic passengers "
        f"such as “{EXAMPLES[0]}” or “{EXAMPLES[1]}” {CONNECT}"
    )
