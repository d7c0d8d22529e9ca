"""The demo model's vocabulary of filters: which words of a question pick which passengers.

A pattern matches at a place in the question; the longest match wins. Kinds of tokens: `f` a filter said as a noun,
an adjective or after a preposition, `v` a filter said as a verb, `s` one that may stand anywhere, `z` one that picks
out single passengers.
"""

# ruff: noqa: E501, RUF001  (a vocabulary reads as one pattern a line; people paste curly quotes)

from __future__ import annotations

import re

from llm_agent.demo.filters import (
    ALONE,
    DIED,
    MEN,
    SURVIVED,
    WITH_FAMILY,
    WOMEN,
    age_filter,
    age_range,
    class_filter,
    deck_filter,
    exact_filter,
    fare_filter,
    fare_range,
    name_filter,
    port_filter,
    relatives_filter,
    text_filter,
    title_filter,
    unknown_filter,
)
from llm_agent.demo.patterns import SIGN, Listed, Make, N, Pattern, number, pattern, several, sign_of
from llm_agent.demo.terms import (
    CLASS,
    DECK,
    FAMILY_SIZE,
    PARCH,
    PORT,
    RELATIVES,
    SIBSP,
    TITLE,
    Filter,
    Quantity,
    quoted,
)

ORDINALS = {"first": 1, "second": 2, "third": 3, "1st": 1, "2nd": 2, "3rd": 3, "1": 1, "2": 2, "3": 3}
ORD = "(?:first|second|third|1st|2nd|3rd)"


def classes(match: re.Match[str]) -> Filter | Listed:
    """Classes said in words or digits."""
    text = match.group(0).lower()
    found = [ORDINALS[word] for word in re.findall(rf"{ORD}|\b[123]\b", text)]
    return several(found, text, class_filter, CLASS)


PORT_CODES = {"cherbourg": "C", "queenstown": "Q", "southampton": "S"}
A_PORT = "(?:Cherbourg|Queenstown|Southampton)"


def port_of_codes(codes: list[str]) -> Filter:
    """A filter for one port or for any of several."""
    if len(codes) == 1:
        return port_filter(codes[0])
    singles = [port_filter(code) for code in codes]
    words = " or ".join(one.predicate.removeprefix("boarded at ") for one in singles)
    condition = f"embarked IN ({', '.join(map(quoted, codes))})"
    return Filter("embarked", condition, f"boarded at {words}", f"who boarded at {words}", "", "embarked")


def ports(match: re.Match[str]) -> Filter | Listed:
    """Ports by name."""
    text = match.group(0).lower()
    return several([PORT_CODES[name] for name in re.findall(A_PORT.lower(), text)], text, port_of_codes, PORT)


TITLES = {
    "mr": "Mr", "mrs": "Mrs", "miss": "Miss", "master": "Master", "masters": "Master", "dr": "Dr", "doctor": "Dr", "rev": "Rev",
    "reverend": "Rev", "major": "Major", "col": "Col", "colonel": "Col", "mlle": "Mlle", "mme": "Mme",
    "ms": "Ms", "capt": "Capt", "captain": "Capt", "don": "Don", "jonkheer": "Jonkheer", "lady": "Lady",
    "sir": "Sir", "countess": "the Countess", "the countess": "the Countess",
}  # fmt: skip
A_TITLE = rf"(?:{'|'.join(sorted(TITLES, key=len, reverse=True))})\b\.?"


def titles(match: re.Match[str]) -> Filter | Listed:
    """Titles by their usual words; quotation marks do not matter."""
    text = match.group("titles").lower()
    words = [word.rstrip(".") for word in re.findall(A_TITLE, text)]
    return several([TITLES[word] for word in words], text, title_filter, TITLE)


def decks(match: re.Match[str]) -> Filter | Listed:
    """Decks by their letters."""
    text = match.group("decks").upper()
    return several(re.findall(r"\b[A-GT]\b", text), text.lower(), deck_filter, DECK)


COLUMN_WORDS = {
    "age": r"ages?", "cabin": r"cabins?(?: numbers?)?", "fare": r"fares?|price", "ticket": r"ticket numbers?",
    "embarked": r"(?:embarkation |boarding )?ports?(?: of embarkation| of boarding)?|embarkation(?: ports?)?", "name": r"names?",
}  # fmt: skip
ANY_COLUMN = "|".join(f"(?P<{column}>{words})" for column, words in COLUMN_WORDS.items())
NOT_THERE = r"unknown|missing|not known|not recorded|unrecorded|not given|null|empty|blank|not available"
THERE = r"known|recorded|given|available|not missing"


def gap(is_unknown: bool) -> Make:
    """A filter for those with, or without, a recorded value of the column that the match names."""

    def make(match: re.Match[str]) -> Filter:
        column = next(name for name in COLUMN_WORDS if match.groupdict().get(name))
        return unknown_filter(column, is_unknown=is_unknown)

    return make


NO_UNIT = r"(?! (?:recorded |other |different )?(?:passengers?|people|persons?|pounds?|percent|tickets?|cabins?|relatives?|siblings?|spouses?|parents?|child|women|men|survivors?|families|times|points|other|days|hours|per cent)\\b| ?[%£])"
HAVING = r"(?:with|having|have|has|had|got|who had|who has|that have|who have)"


def ages(match: re.Match[str]) -> Filter:
    """An age compared with a number of years."""
    return age_filter(sign_of(match.group(1)), number(match.group(2)))


def fares(match: re.Match[str]) -> Filter:
    """A fare compared with a number of pounds."""
    return fare_filter(sign_of(match.group(1)), number(match.group(2)))


def kin(quantity: Quantity, sign: str = "") -> Make:
    """A number of relatives of one kind; `sign` where the words of the match have none."""

    def make(match: re.Match[str]) -> Filter:
        words, amount = match.group("sign"), match.group("number")
        return relatives_filter(quantity, sign or (sign_of(words) if words else "="), number(amount))

    return make


def cabin(match: re.Match[str]) -> Filter:
    """One cabin, also where it stands in a list of cabins; several as they stand together."""
    value = match.group(1).upper()
    if " " in value:
        return exact_filter("cabin", value, "cabin")
    sql = f"' ' || cabin || ' ' LIKE {quoted(f'% {value} %')}"
    return Filter("cabin", sql, f"had cabin {value}", f"with cabin {value}", "", "cabin", ("cabin",))


NICKNAME = Filter(
    "name", "instr(name, '\"') > 0", "had a nickname in quotation marks in their name",
    "with a nickname in quotation marks in their name", "", "name",
)  # fmt: skip
SIBSP_WORDS = r"(?:siblings?|brothers?(?:,| or| and) sisters?)(?:,| or| and|,? /|/| & )?\s*(?:an? |any |no )?(?:or )?spouses?(?: on board| aboard)?"
PARCH_WORDS = r"parents?(?:,| or| and|/)\s*(?:any |no )?child(?:ren)?(?: on board| aboard)?"
ALL_KIN = rf"{SIBSP_WORDS},?(?: or| and)? {PARCH_WORDS}"
RELATIVE_WORDS = rf"(?:family )?relatives?(?: on board| aboard)?(?: \({ALL_KIN}(?: together)?\))?|{ALL_KIN}"
OF_KIN = {
    "sibsp": (SIBSP_WORDS, SIBSP),
    "parch": (PARCH_WORDS, PARCH),
    "relatives": (RELATIVE_WORDS, RELATIVES),
}
AMOUNT = rf"(?P<sign>{SIGN[1:-1]}|exactly)? ?(?P<number>{N[1:-1]})"


def kin_patterns() -> list[Pattern]:
    """Having no, any, or a number of relatives of each kind."""
    patterns = []
    for words, quantity in OF_KIN.values():
        none = relatives_filter(quantity, "=", 0)
        some = relatives_filter(quantity, ">", 0)
        patterns += [
            pattern("f", rf"(?:{HAVING} )?(?:no|without|without any|with no) (?:{words})", none),
            pattern("f", rf"{HAVING} (?:any |some |at least one )?(?:{words})", some),
            pattern("f", rf"(?:{HAVING} )?{AMOUNT.replace('|exactly', '')} (?:{words})", kin(quantity)),
            pattern(
                "f", rf"(?:{HAVING} )?(?P<sign>exactly) (?P<number>{N[1:-1]}) (?:{words})", kin(quantity, "=")
            ),
        ]
    return patterns


FILTERS: tuple[Pattern, ...] = (
    pattern("f", r"(?:who (?:was|were) )?(?:women|woman|females?|ladies|lady)(?:'s|s')?(?: passengers?| travell?ers?| people)?", WOMEN),
    pattern("f", r"(?:who (?:was|were) )?(?:men|man|males?|gentlem[ae]n)(?:'s|s')?(?: passengers?| travell?ers?| people)?", MEN),
    pattern("f", r"survivors?|(?:who|that|which) (?:had |have )?(?:survived|lived|made it|were saved)|surviving", SURVIVED),
    pattern("f", r"victims?|casualt(?:y|ies)|fatalit(?:y|ies)|deceased|non[ -]?survivors?|the dead|deaths?", DIED),
    pattern("f", r"(?:who|that|which) (?:had |have )?(?:died|perished|did not survive|didn't survive|were killed|lost their li(?:fe|ves))", DIED),
    pattern("v", r"survived?|to survive|lived|made it|(?:were|was|got) (?:saved|rescued)|surviving", SURVIVED),
    pattern("v", r"died|die|to die|perished?|(?:did not|didn't|not|have not|had not) (?:survived?|make it)|(?:were|was) killed|lost their li(?:fe|ves)", DIED),
    pattern("f", rf"(?:(?:who|that) )?(?:travell?ing |being )?(?:in |of |from |with )?(?:the |an? )?{ORD}(?:(?:,? and|,? or|,) {ORD})* class(?:es)?(?: tickets?)?", classes),
    pattern("f", r"(?:in |of |from )?(?:class(?:es)?|pclass)(?: number)? ?(?:=|is)? ?[123](?:(?:,? and|,? or|,) [123])*(?! passengers| people)", classes),
    pattern("f", rf"(?:who|that) (?:were|was|had|travell?ed|stayed|held) (?:in |with )?(?:the |an? )?{ORD}(?:(?: and| or) {ORD})* class(?: tickets?)?", classes),
    pattern("v", rf"(?:travell?ed|stayed|held|had) (?:in |with )?(?:the |an? )?{ORD}(?:(?: and| or) {ORD})* class(?: tickets?)?", classes),
    pattern("f", r"(?:in |from )?steerage", class_filter([3])),
    pattern("f", rf"(?:boarding |embarking )?(?:from |at |in )?{A_PORT}(?:(?:,? and|,? or|,)(?: from| at| in)? {A_PORT})*", ports),
    pattern("f", rf"(?:who|that) (?:had )?(?:boarded|embarked|got on|came (?:on board|aboard)|joined|started)(?: the ship| the titanic)? (?:at|in|from) {A_PORT}(?:(?: and| or)(?: at| in)? {A_PORT})*", ports),
    pattern("v", rf"(?:boarded|board|embarked?|got on|came (?:on board|aboard)|joined)(?: the ship| the titanic)? (?:at|in|from) {A_PORT}(?:(?: and| or)(?: at| in)? {A_PORT})*", ports),
    pattern("v", r"(?:travell?ed|were|was|sailed|travelling) (?:all )?(?:alone|by (?:him|her|them)sel(?:f|ves)|on their own)", ALONE),
    pattern("f", r"(?:who (?:were|was|travell?ed|sailed) )?(?:travell?ing )?(?:alone|by themselves|on their own|without (?:any )?(?:family|company|relatives))(?: travellers)?", ALONE),
    pattern("f", r"(?:who travell?ed |travell?ing |travell?ed )?(?:with|had) (?:their |any |a )?(?:family|relatives|family members)(?: on board| aboard)?", WITH_FAMILY),
    *kin_patterns(),
    pattern("f", rf"(?:with |in |of |had )?(?:an? )?family (?:size )?(?:of )?{AMOUNT}(?: people| persons)?", kin(FAMILY_SIZE)),
    pattern("f", rf"(?:child(?:ren)?|passengers?|people|persons?|kids?|boys and girls)?\s?(?:who (?:were|was|are) |(?:were|was) |aged? |aged? of |at an age )?{SIGN} (?:the )?(?:age of )?{N}(?: years?(?: of age| old)?)?{NO_UNIT}", ages),
    pattern("f", rf"(?:who were |aged? |of age )?{N}(?: years?)?(?: old)? (?:and|or) (over|above|older|more|under|below|younger|less)",
            lambda m: age_filter(">=" if m.group(2) in ("over", "above", "older", "more") else "<=", number(m.group(1)))),
    pattern("f", rf"(?:who were |aged? |of age )?(?:between |from )?{N}(?: years)? ?(?:and|to|-) ?{N}(?: years?)?(?: old| of age)?",
            lambda m: age_range(number(m.group(1)), number(m.group(2)))),
    pattern("f", rf"(?:who were |aged? )(?:exactly )?{N}(?: years?)?(?: old| of age)?|(?:exactly )?{N} years?(?: old| of age)",
            lambda m: age_filter("=", number(m.group(1) or m.group(2)))),
    pattern("f", r"(?:who were |were )?in their (twenties|thirties|forties|fifties|sixties|seventies|20s|30s|40s|50s|60s|70s)", lambda m: in_their(m.group(1))),
    pattern("f", r"teen(?:ager)?s?", age_range(13, 19)),
    pattern("f", rf"(?:who |that )?(?:paying|paid|with (?:an? )?(?:fares?|tickets?)(?: price)?(?: of)?|whose (?:fare|ticket)s? (?:was|is|were|cost)|fares?(?: (?:were|was|are|is|of))*) {SIGN} ?£? ?{N}(?: pounds?| £)?", fares),
    pattern("f", rf"{SIGN} (?:£ ?)?{N} pounds", fares),
    pattern("f", rf"(?:who )?(?:paid |paying |with (?:an? )?fares? |(?:fares? |tickets? )(?:were |was |are )?)(?:of )?(?:between|from) £?{N}(?: pounds)? (?:and|to) £?{N}(?: pounds)?",
            lambda m: fare_range(number(m.group(1)), number(m.group(2)))),
    pattern("f", rf"(?:who )?(?:paid|paying|with (?:an? )?fare of|had (?:an? )?fare of) (?:exactly )?£?{N}(?: pounds)?", lambda m: fare_filter("=", number(m.group(1)))),
    pattern("f", r"(?:who )?(?:paid nothing|paying nothing|travell?ed for free|with (?:a )?free tickets?|paid no fare|had (?:a )?free tickets?)", fare_filter("=", 0)),
    pattern("f", rf"(?:clergym[ae]n |doctors? |boys |passengers? )?(?:{HAVING} )?(?:the |a )?titles? [\"'“‘]?(?P<titles>{A_TITLE}(?:[\"'”’]?(?:,|,? and|,? or)? [\"'“‘]?{A_TITLE})*)[\"'”’]?(?: in (?:their|the|his|her) names?)?", titles),
    pattern("f", rf"(?P<titles>{A_TITLE})(?: in (?:their|the) names?)", titles),
    pattern("f", r"(?:who )?(?:with|had|having|have|stayed|staying|were|was)? ?(?:an? |the |their )?(?:cabins?)? ?(?:located )?(?:on|in|of|from)? ?(?:the )?decks? (?P<decks>[A-GT](?:(?:,|,? and|,? or) [A-GT])*)(?: cabins?)?", decks),
    pattern("f", r"(?:with|had|having|have|in|whose|with a) ?(?:an? |the )?cabins? (?:numbers? )?(?:starting|beginning|that starts?|starts?|begins?) with (?:the letter )?[\"'“]?(?P<decks>[A-GT])[\"'”]?", decks),
    pattern("v", rf"(?:has|had|have) (?:no|no recorded|no known|an unknown|a missing) (?:{ANY_COLUMN})(?: recorded| known| given)?", gap(True)),
    pattern("f", r"(?:with|having|who had|who have) (?:a |their )?cabins?", unknown_filter("cabin", is_unknown=False)),
    pattern("v", r"(?:has|had|have) (?:a |their )?cabins?", unknown_filter("cabin", is_unknown=False)),
    pattern("v", rf"(?:has|had|have) (?:an? |the )?(?:{THERE}) (?:{ANY_COLUMN})", gap(False)),
    pattern("f", rf"(?:{HAVING} )?(?:an? |the )?(?:{NOT_THERE}|no|no recorded|no known) (?:{ANY_COLUMN})(?: recorded| known| given)?", gap(True)),
    pattern("f", rf"(?:without|for whom no|where no) (?:an? |any |the )?(?:recorded |known )?(?:{ANY_COLUMN})(?: recorded| is recorded| is known)?", gap(True)),
    pattern("f", rf"(?:whose |for (?:which|whom) )?(?:the )?(?:{ANY_COLUMN}) (?:(?:is|are|was|were) )?(?:{NOT_THERE})", gap(True)),
    pattern("f", rf"(?:{HAVING} )?(?:an? |the )?(?:{THERE}) (?:{ANY_COLUMN})", gap(False)),
    pattern("f", rf"(?:whose )(?:{ANY_COLUMN}) (?:is|are|was|were) (?:{THERE})", gap(False)),
    pattern("f", rf"{HAVING} (?:an? |the |their )(?:{ANY_COLUMN}) (?:{THERE})", gap(False)),
    pattern("s", r"(?:,? ?\(?(?:counting|using|considering|taking|including) only (?:the )?(?:known|recorded) ages\)?|(?:ignoring|excluding|leaving out|without) (?:the )?(?:unknown|missing) ages|unknown ages (?:are )?left out|of known age|(?:with|whose age is|among those with) (?:a )?known ages?)", unknown_filter("age", is_unknown=False)),
    pattern("f", r"(?:with |have |has |had |is |are )?(?:an? )?nicknames?(?: (?:is|are))?(?: (?:given|written|shown))?(?: (?:between|in|inside|within))?(?: double)?(?: (?:quotation marks|quotes))?(?: in (?:their|the) names?)?", NICKNAME),
    pattern("z", r"(?:with )?(?:the )?passenger(?: ?id| number| no\.?|_id)? ?#? ?(?:=|is )?(\d+)|(?:with )?(?:the )?(?:passenger ?)?id (?:number |of |= ?)?(\d+)", lambda m: exact_filter("passenger_id", int(m.group(1) or m.group(2)), "passenger id")),
    pattern("z", r"(?i:(?:with|holding|on|for|who had|has|had|have|travell?ed on|shared|sharing)? ?(?:the )?ticket (?:number |no\.? )?)[\"']?((?:[A-Z][A-Za-z./0-9]*\.? )*\d+|LINE)[\"']?", lambda m: exact_filter("ticket", m.group(1), "ticket"), flags=0),
    pattern("z", r"(?i:(?:who )?(?:stayed in|slept in|was in|were in|with|in|had|has|have|occupied|shared|sharing)? ?(?:the )?cabins? (?:number )?)([A-GT]\d+(?: [A-GT]\d+)*)", cabin, flags=0),
    pattern("f", r"(?:(?:who )?(?:have|has|had|with|whose|having) )?(?:the |a )?(?:surname|last name|family name)(?: is| was| of)? [\"'“]?((?-i:[A-Z])[\w'-]+)[\"'”]?", lambda m: Filter("name", f"surname = {quoted(m.group(1))}", f"had the surname {m.group(1)}", f"with the surname {m.group(1)}", "", "name")),
    pattern("f", r"(?:(?:who )?(?:are|is|were|was) )?(?:called|named) (?:exactly )?[\"“]?((?-i:[A-Z])[\w'-]+)[\"”]?", lambda m: name_filter([m.group(1)])),
    pattern("f", r"(?:(?:who )?(?:are|is|were|was) )?(?:called|named) (.*[^\w\s.,'\"?-].*|'[^']*'|\"[^\"]*\")\s*\??$", lambda m: called(m.group(1).strip(" ?\"").strip("'") or m.group(1))),
)  # fmt: skip


def called(text: str) -> Filter:
    """People of this name; what is no single word is looked for letter by letter."""
    return name_filter([text]) if re.fullmatch(r"[\w'-]+", text) else text_filter(text)


DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70}


def in_their(words: str) -> Filter:
    """People in their thirties: from 30 to below 40."""
    low = DECADES.get(words.lower()) or int(words.rstrip("s"))
    return age_range(low, low + 10, is_open=True)
