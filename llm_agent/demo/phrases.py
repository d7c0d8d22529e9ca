"""The demo model's vocabulary of questions: question words, measures, dimensions, and words that say nothing.

Kinds of tokens, one letter each, over which `demo.grammar` has its sentence forms:
`q` how many, `p` what percentage, `r` a rate, `a` average or the like, `c` a quantity, `b` by, `d` a dimension,
`w` which (before a dimension), `x` highest or lowest, `y` oldest or cheapest, `o` who, `n` passengers,
`e` of, `i` is or were, `t` them, `m` a number, `k` more or fewer, `h` than, `g` draw, `D` how many different,
`A` also a fact to look up, `&` and, `|` or; a blank for words without meaning here.
"""

# ruff: noqa: E501  (a vocabulary reads as one pattern a line)

from __future__ import annotations

import re

from llm_agent.demo.figures import rate
from llm_agent.demo.filters import DIED, SURVIVED
from llm_agent.demo.patterns import N, number, pattern
from llm_agent.demo.terms import (
    AGE,
    AGE_GROUP,
    CABIN,
    CLASS,
    COMPANY,
    DECK,
    FAMILY_SIZE,
    FARE,
    FARE_SHARE,
    OUTCOME,
    PARCH,
    PORT,
    RELATIVES,
    SEX,
    SIBSP,
    SURNAME,
    SURVIVAL,
    TICKET,
    TITLE,
)
from llm_agent.demo.words import PARCH_WORDS, RELATIVE_WORDS, SIBSP_WORDS

PLACES = {
    "second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "tenth": 10, "10th": 10,
}  # fmt: skip


def nth(match: re.Match[str]) -> tuple[int, bool]:
    """The place, and whether it counts from the highest."""
    return PLACES[match.group(1).lower()], match.group(2).lower() in ("highest", "largest", "biggest")


def filler(match: re.Match[str]) -> str | float:
    """What stands in for an unknown age: `median`, `mean`, or a number of years."""
    word = match.group(1).lower()
    return {"median": "median", "mean": "mean", "average": "mean"}.get(word) or float(word)


SIZE_NOTE = r"(?: \((?:the passenger|including|counting)[^)]*\))?"
DECK_NOTE = r"(?: \((?:the )?first letter of the cabin[,)])?"

QUANTITIES = (
    pattern("c", r"ages?|(?:how )?old", AGE),
    pattern("c", r"fares?(?: (?:was |were )?paid(?: by)?)?|(?:ticket |fare )?prices?|(?:price|cost) of (?:a |the |their )?tickets?|ticket fares?|tickets? cost", FARE),
    pattern("c", r"fares? per person(?: when shared)?|fare divided by the people who share the ticket", FARE_SHARE),
    pattern("c", rf"(?:number of )?(?:{SIBSP_WORDS})", SIBSP),
    pattern("c", rf"(?:number of )?(?:{PARCH_WORDS})", PARCH),
    pattern("c", rf"(?:number of )?(?:{RELATIVE_WORDS})", RELATIVES),
    pattern("c", rf"family sizes?{SIZE_NOTE}|size of (?:the|their) famil(?:y|ies)|famil(?:y|ies)(?= on board| size)", FAMILY_SIZE),
    pattern("C", r"survival", SURVIVAL),
)  # fmt: skip

DIMENSIONS = (
    pattern("d", r"(?:(?:two|three) )?(?:passenger |ticket |travel )?class(?:es)?|pclass", CLASS),
    pattern("d", r"sex(?:es)?|genders?", SEX),
    pattern("d", r"(?:(?:two|three) )?(?:embarkation |boarding )?ports?(?: of embarkation| of boarding)?|embarkation|where they (?:boarded|embarked)", PORT),
    pattern("d", rf"(?:cabin )?decks?{DECK_NOTE}", DECK),
    pattern("d", r"titles?(?: in (?:their|the) names?)?", TITLE),
    pattern("d", r"age (?:groups?|bands?|brackets?)(?: of (?:ten|10) years)?|decades?(?: of (?:age|life))?|age decades?", AGE_GROUP),
    pattern("d", r"ticket numbers?|tickets?", TICKET),
    pattern("d", r"cabins?(?: numbers?)?", CABIN),
    pattern("d", r"surnames?|last names?|family names?", SURNAME),
    pattern("d", r"outcomes?|survival(?: status)?|whether they survived|survived or (?:not|died)", OUTCOME),
    pattern("d", r"alone or with (?:relatives|family)|company", COMPANY),
)  # fmt: skip

SURVIVAL_RATE = rate(SURVIVED, "survival rate")
DEATH_RATE = rate(DIED, "death rate")

QUESTION_WORDS = (
    pattern("q", r"(?:the )?(?:total )?number of|how many|count(?: of)?(?: all)?(?: the)?"),
    pattern("D", r"(?:how many|(?:the )?number of) (?:different|distinct|unique)"),
    pattern("p", r"(?:percentage|percent|per cent|proportion|share|fraction)(?: of)?|how likely|probability that|what %(?: of)?|% of"),
    pattern("r", r"(?:survival|survivor) (?:rates?|chances?|odds|probability|percentages?)|rates? of survival|chances? of (?:survival|surviving|survivors)|(?:best |good )?chances? to survive", SURVIVAL_RATE),
    pattern("r", r"(?:death|mortality|fatality|casualty) rates?|chances? of (?:dying|death)|chances? to die|mortality", DEATH_RATE),
    pattern("a", r"averages?|mean|avg|on average|average \(mean\)|arithmetic mean", "average"),
    pattern("a", r"median", "median"),
    pattern("a", r"total|sum(?: of)?(?: all)?|combined|add up", "total"),
    pattern("x", r"(?:with the )?(?:highest|higher|largest|larger|greatest|biggest|most(?: common| frequent| often)?|(?:occurs?|appears?) most(?: often)?|maximum|max|maximal|best(?= survival| chance)|top(?= survival))", True),
    pattern("x", r"(?:with the )?(?:lowest|lower|smallest|smaller|least(?: common| frequent)?|fewest|minimum|min|minimal|worst(?= survival| chance))", False),
    pattern("y", r"oldest|eldest", (AGE, True)),
    pattern("y", r"youngest", (AGE, False)),
    pattern("y", r"(?:most expensive|dearest|priciest|costliest)(?: tickets?| fares?)?", (FARE, True)),
    pattern("y", r"(?:cheapest|least expensive)(?: tickets?| fares?)?", (FARE, False)),
    pattern("y", r"(?:paid|pay) the (?:most|highest fares?|highest price)(?: for (?:an? |the |their |his |her )?tickets?)?", (FARE, True)),
    pattern("y", r"(?:paid|pay) the (?:least|lowest fares?|lowest price)(?: for (?:an? |the |their |his |her )?tickets?)?", (FARE, False)),
    pattern("o", r"who|whose names?|(?:the )?names?(?: and ages?)? of|list|(?:which|what)(?= passengers?| people| persons?| wom[ae]n| m[ae]n| survivors?| victims?)|(?:show|give) (?:me )?(?:the )?names? of|(?:show|list|give)(?: me)?(?: all| the)*(?= passengers| people| wom[ae]n| m[ae]n| survivors| victims| those)|for which(?= passengers?| people)|what are the names of"),
    pattern("w", r"(?:in |at |on |from |for )?(?:which|what)(?= (?:of the |passenger |ticket |embarkation |boarding |age |family |cabin )?(?:class|sex|gender|port|deck|title|famil|age (?:group|band|decade)|decade|ticket|cabin|surname|last name))"),
    pattern("b", r"by|per|(?:(?:boarded|embarked|travelled|were) )?(?:for |in |at |on |from |of |with )?(?:each|every)(?: of the)?|split by|broken down by|grouped by|depending on|across|for the different|against|versus|vs\.?"),
    pattern("n", r"passengers?(?:'s|s')?|people|persons?|travell?ers?|rows?|records?|entries|individuals?|everyone|everybody|(?:those|the ones)(?= (?:who|that|with|in|aged|from|without))|ones|names"),
    pattern("e", r"of|among|amongst|out of|from among"),
    pattern("i", r"is|are|was|were|be|been"),
    pattern("t", r"them|those|they|these|their|theirs"),
    pattern("F", r"(?:and )?(?:what|how) about|now(?: only)?(?: for)?|only|same for|just|but"),
    pattern("u", r"he|she|him|her|his|hers"),
    pattern("k", r"more|did more", True),
    pattern("k", r"fewer|did fewer", False),
    pattern("K", r"more often|at a higher rate|more likely", True),
    pattern("E", r"(?:what (?:is|was) )?(?:the )?ratio (?:of|between)(?: the)?"),
    pattern("/", r"to"),
    pattern("h", r"than|exceed(?:ed|s)?|(?:higher|larger|greater) than|above"),
    pattern("&", r",? ?and by how (?:many|much)(?: percentage points| points)?|and(?: (?:in|for|of))?(?: the)?|as well as|&|along with"),
    pattern("|", r"or"),
    pattern("m", rf"(?:top )?{N}", lambda m: int(number(m.group(1)))),
    pattern("g", r"(?:(?:draw|plot|show|give|make|create|display|produce|chart|visuali[sz]e)(?: me)? )?(?:an? |the )?(?:stacked |grouped |simple |vertical )?(?:bar |column )?(?:chart|graph|plot|diagram|barplot)(?: of| for| with| showing| that shows| which shows)?|(?:draw|plot|visuali[sz]e|chart)(?: me)?|(?:as|in|with) an? (?:bar )?(?:chart|graph|plot)"),
    pattern("H", r"(?:(?:draw|plot|show|give|make|create)(?: me)? )?(?:an? |the )?(?:histogram|distribution)(?: of)?|how (?:is|are|was|were)(?= .*distributed)"),
    pattern("B", r"(?:in|with) (?:bins|steps|groups|bands|classes) of (?:ten|10)(?: years)?(?::? ?0 ?- ?9.*)?|by decade|distributed"),
    pattern("Z", r"by how many (?:percentage )?points|by how much|(?:what (?:is|was) )?(?:the )?difference (?:in|between|of)"),
    pattern("j", rf"({'|'.join(PLACES)})[ -](highest|largest|biggest|lowest|smallest)(?: (?:different|distinct|unique))?", nth),
    pattern("Q", r"(?:pearson(?:'s)? )?correlation(?: coefficient)?(?: between| of)?"),
    pattern("O", r"outliers?(?: (?:by|under|according to|using) the (?:1\.5 ?(?:x|\*|times) ?)?(?:the )?iqr(?: rule| method)?)?"),
    pattern("R", r"rank|order|sort|ranked|ordered|sorted"),
    pattern("X", r"(?:from )?(?:the )?(?:highest|high|best|most|largest) to (?:the )?(?:lowest|low|worst|least|smallest)", True),
    pattern("X", r"(?:from )?(?:the )?(?:lowest|low|worst|least|smallest) to (?:the )?(?:highest|high|best|most|largest)", False),
    pattern("M", rf"(?:(?:with|of|having|that have|considering only those with) )?at least {N} (?:recorded )?(?:passengers|people|persons)", lambda m: int(number(m.group(1)))),
    pattern("L", r"(?:if|suppose(?: that)?|when) (?:every |each |all |the )?(?:missing|unknown) ages? (?:is|are|was|were) (?:replaced|filled(?: in)?|imputed|set|substituted) (?:by|with|to|as|at) (?:the )?(median|mean|average|\d+)(?: age)?(?: of (?:the |all )?(?:known|other|recorded) ages)?", filler),
    pattern("L", r"(?:if|suppose(?: that)?|when) (?:each|every|the)(?: row's| passenger's| ticket's)? fares? (?:is|are|was|were) (?:divided|split|shared)(?: equally| evenly)? (?:over|among|between|by)(?: all)?(?: the)? (?:passengers|people|persons|those)(?: in the table)? (?:with|who share|sharing|on) the same ticket", "share"),
    pattern("A", r"where(?= .*(?:board|embark|get on))", "embarked"),
    pattern("G", r"and how old (?:were they|(?:was|is) (?:he|she))"),
    pattern("A", r"about|details (?:of|on)", "*"),
    pattern("A", r"(?:full )?name", "passenger"),
    pattern("A", r"passenger (?:id|number)|id", "passenger_id"),
)  # fmt: skip

HARMLESS = tuple(
    pattern(" ", regex)
    for regex in (
        r"the|an?|please|all|there|on board|aboard|on the ship|titanic|overall|exactly|altogether|respectively|together",
        r"(?:of|on|aboard) the titanic",
        r"(?:in|of) (?:the|this) (?:table|data(?:set)?|data set|database|list)(?: titanic)?",
        r"(?:does|do) (?:the|this) (?:table|data(?:set)?|data set) (?:have|contain|hold)",
        r"did|do|does|had|has|have|would|for|in|me|it|you|then|compare|between|each other",
        r"can you|could you|tell me|show me|show|give me|give|i want to know|find|compute|calculate|use the tool run_sql to",
        r"what(?:'s| is| was| are| were)?|values?|rates",
        r"travell?ed|travell?ing|travel|paid|pay|sailed|cost|came (?:aboard|on board)|board(?: at)?(?=\?|$)|embark(?: at)?(?=\?|$)",
        r"in total|how much|become|becomes|would be|will be",
        r"(?:and )?(?:give|what (?:is|was)) (?:me )?the ratio",
        r"(?:and )?give (?:me )?(?:the|their) (?:rates|figures|numbers|values)",
        r"(?:shared|used|held|occupied) by(?: the)?",
        r"and (?:what|how (?:much|high|large)) (?:was|is) (?:it|(?:that|its|the) (?:rate|fare|age|figure|value|number))",
        r"includ(?:e|ing) (?:the ones|those|passengers|the passengers) (?:without|with) (?:an? )?"
        r"(?:recorded|known|unknown|missing) (?:port|age|cabin|fare)",
        r"(?:taking|using|where|given) the first letter of the cabin(?: number)?(?: as| is)(?: the)? deck",
        r"hello|hi|thanks|thank you",
    )
)
"""Words that change nothing; the longest phrase wins here, too."""

PHRASES = (*QUANTITIES, *DIMENSIONS, *QUESTION_WORDS, *HARMLESS)
