"""The filters that questions speak of: each makes the SQL of a condition and the words for it."""

from __future__ import annotations

from collections.abc import Iterable

from llm_agent.demo.terms import CLASS_WORDS, PORTS, Filter, Quantity, quoted

WORD_NAME = (
    "' ' |"
    "| replace(replace(replace(replace(replace(name, ',', ' '), '.', ' '), '(', ' '), ')', ' '), '\"', ' ')"
    " || ' '"
)
"""A name with blanks for punctuation, so that LIKE '% word %' finds whole words."""

SURVIVED = Filter("survived", "survived = 1", "survived", "who survived", "survivors")
DIED = Filter("survived", "survived = 0", "died", "who died", "victims")
WOMEN = Filter("sex", "sex = 'female'", "were women", "who were women", "women")
MEN = Filter("sex", "sex = 'male'", "were men", "who were men", "men")
ALONE = Filter("family", "sibsp + parch = 0", "travelled without relatives", "without relatives on board")
WITH_FAMILY = Filter("family", "sibsp + parch > 0", "travelled with relatives", "with relatives on board")

COLUMN_TITLES = {
    "age": "age", "cabin": "cabin", "embarked": "port of boarding", "fare": "fare", "ticket": "ticket number",
    "name": "name",
}  # fmt: skip


def class_filter(classes: Iterable[int]) -> Filter:
    """Passengers of one class or of several."""
    numbers = sorted(set(classes))
    words = " or ".join(CLASS_WORDS[number] for number in numbers)
    sql = f"pclass = {numbers[0]}" if len(numbers) == 1 else f"pclass IN ({', '.join(map(str, numbers))})"
    return Filter("pclass", sql, f"travelled in {words}", f"in {words}")


def port_filter(code: str) -> Filter:
    """Passengers who boarded at one port."""
    port = PORTS[code]
    return Filter(
        "embarked", f"embarked = '{code}'", f"boarded at {port}", f"who boarded at {port}", "", "embarked"
    )


def unknown_filter(column: str, *, is_unknown: bool) -> Filter:
    """Passengers for whom a column is recorded, or is not."""
    words = COLUMN_TITLES[column]
    if is_unknown:
        return Filter(
            f"{column} known", f"{column} IS NULL", f"had no recorded {words}", f"without a recorded {words}"
        )
    return Filter(
        f"{column} known", f"{column} IS NOT NULL", f"had a recorded {words}", f"with a recorded {words}"
    )


def title_filter(titles: Iterable[str]) -> Filter:
    """Passengers whose name has one of these titles, exactly: `Mr` is not `Mrs`."""
    names = list(dict.fromkeys(titles))
    words = " or ".join(names)
    condition = " = " + quoted(names[0]) if len(names) == 1 else f" IN ({', '.join(map(quoted, names))})"
    return Filter(
        "title", f"title{condition}", f"had the title {words}", f"with the title {words}", "", "name"
    )  # fmt: skip


def deck_filter(letters: Iterable[str]) -> Filter:
    """Passengers with a cabin on one deck or on several."""
    decks = sorted({letter.upper() for letter in letters})
    words = " or ".join(decks)
    condition = f"deck = '{decks[0]}'" if len(decks) == 1 else f"deck IN ({', '.join(map(quoted, decks))})"
    return Filter(
        "deck",
        condition,
        f"had a cabin on deck {words}",
        f"with a cabin on deck {words}",
        "",
        "cabin",
        ("cabin",),
    )


COMPARISONS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "=": "exactly"}
AGE_COMPARISONS = {"<": "younger than {}", "<=": "at most {} years old", ">": "older than {}",
                   ">=": "at least {} years old", "=": "exactly {} years old"}  # fmt: skip


def age_filter(sign: str, years: float) -> Filter:
    """Passengers younger or older than an age, or of that age."""
    words = AGE_COMPARISONS[sign].format(f"{years:g}")
    return Filter("age", f"age {sign} {years:g}", f"were {words}", words, "", "age", ("age",))


def age_range(low: float, high: float, *, is_open: bool = False) -> Filter:
    """Passengers from `low` to `high` years, both included; with `is_open` below `high`."""
    upper = f"age < {high:g}" if is_open else f"age <= {high:g}"
    words = f"from {low:g} to {'below ' if is_open else ''}{high:g} years old"
    return Filter("age", f"age >= {low:g} AND {upper}", f"were {words}", words, "", "age", ("age",))


def fare_filter(sign: str, pounds: float) -> Filter:
    """Passengers whose fare is above, below or exactly an amount."""
    words = f"{COMPARISONS[sign]} {pounds:g} pounds" if pounds or sign != "=" else "nothing"
    return Filter(
        "fare", f"fare {sign} {pounds:g}", f"paid {words}", f"who paid {words}", "", "fare", ("fare",)
    )


def fare_range(low: float, high: float) -> Filter:
    """Passengers whose fare lies between two amounts, both included."""
    words = f"from {low:g} to {high:g} pounds"
    return Filter(
        "fare",
        f"fare >= {low:g} AND fare <= {high:g}",
        f"paid {words}",
        f"who paid {words}",
        "",
        "fare",
        ("fare",),
    )


def relatives_filter(quantity: Quantity, sign: str, number: float) -> Filter:
    """Passengers with a number of relatives of one kind, such as `more than 3 siblings and spouses`."""
    things = {"sibsp": "siblings or spouses on board", "parch": "parents or children on board",
              "relatives": "relatives on board"}.get(quantity.key, "")  # fmt: skip
    amount = f"{COMPARISONS[sign]} {number:g}".replace("exactly 0", "no").replace("more than 0", "any")
    words = f"{amount} {things}" if things else f"a family size of {amount}"
    key = "family" if quantity.key == "relatives" else quantity.key
    sql = {"relatives": "sibsp + parch", "family_size": "sibsp + parch + 1"}.get(quantity.key, quantity.key)
    return Filter(
        key, f"{sql} {sign} {number:g}", f"had {words}", f"with {words}", columns=("sibsp", "parch")
    )


def exact_filter(column: str, value: str | int, words: str) -> Filter:
    """Passengers whose column holds exactly this value (ticket, cabin, passenger_id)."""
    literal = str(value) if isinstance(value, int) else quoted(value)
    return Filter(
        column, f"{column} = {literal}", f"had {words} {value}", f"with {words} {value}", columns=(column,)
    )


def name_filter(words: Iterable[str]) -> Filter:
    """Passengers whose name has all of these whole words, in any order."""
    parts = list(words)
    conditions = " AND ".join(f"{WORD_NAME} LIKE {quoted(f'% {part} %')}" for part in parts)
    name = " ".join(parts)
    return Filter("name", conditions, f"were called {name}", f"whose name has “{name}”", "", "name")


def text_filter(text: str) -> Filter:
    """Passengers whose name contains a text, taken letter by letter."""
    return Filter(
        "name", f"instr(lower(name), {quoted(text.lower())}) > 0", f"had “{text}” in their name",
        f"whose name contains “{text}”", "", "name",
    )  # fmt: skip
