"""Which column of a file is which column of the table: matches the names of a header with the contract.

The answer is a `Layout`. Names are compared without regard to case and surrounding blanks; extra columns
are ignored; a missing or double one is refused, with a guess at what a misspelt name was meant to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from data_pipeline.errors import DataRefused
from data_pipeline.table import COLUMNS, Column

HUB_NAMES = frozenset({"is_male", "has_survived", "passenger_class"})
"""The names by which a header is recognised as that of the Hub's `mstz/titanic`."""

HUB_OMITS = frozenset({"passenger_id", "name"})
"""What the Hub's copy does not have: the id becomes the row's position, the name stays unknown."""

MAX_LISTED_NAMES = 20


@dataclass(frozen=True)
class FileColumn:
    """A column of the table and its place in the file; both None where the Hub's copy has no such column."""

    column: Column
    name: str | None
    index: int | None


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: the table's columns in order, and whether the Hub's coding must be undone.

    `width` is the number of columns in the file, the ignored ones included.
    """

    columns: tuple[FileColumn, ...]
    is_hub: bool
    width: int

    @property
    def present(self) -> tuple[FileColumn, ...]:
        """Those columns of the table that the file really has."""
        return tuple(column for column in self.columns if column.name is not None)


def match_header(names: Sequence[str], file_name: str) -> Layout:
    """The layout of a file with these column names; raises `DataRefused` for missing or double ones.

    >>> match_header(["PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch",
    ...     "Ticket", "Fare", "Cabin", "Embarked"], "titanic.csv").columns[3].index
    3
    """
    keys = [name.strip().casefold() for name in names]
    is_hub = HUB_NAMES.issubset(keys)
    places = {column.name: _places(column, keys) for column in COLUMNS}
    _refuse_double_columns(places, names, file_name)
    missing = [c for c in COLUMNS if not places[c.name] and not (is_hub and c.name in HUB_OMITS)]
    if missing:
        known = {index for indexes in places.values() for index in indexes}
        raise _missing_columns(missing, names, [i for i in range(len(names)) if i not in known], file_name)
    return Layout(tuple(_file_column(c, places[c.name], names) for c in COLUMNS), is_hub, len(names))


def _places(column: Column, keys: Sequence[str]) -> list[int]:
    accepted = {column.name, *column.known_as}
    return [index for index, key in enumerate(keys) if key in accepted]


def _file_column(column: Column, places: list[int], names: Sequence[str]) -> FileColumn:
    if not places:
        return FileColumn(column, None, None)
    return FileColumn(column, names[places[0]], places[0])


def _refuse_double_columns(places: dict[str, list[int]], names: Sequence[str], file_name: str) -> None:
    for name, indexes in places.items():
        if len(indexes) > 1:
            listed = " and ".join(f"{names[index]!r} (column {index + 1})" for index in indexes)
            raise DataRefused(
                f"{file_name} has the column {name} {len(indexes)} times: {listed}.",
                "Keep one of them and remove or rename the others.",
            )


def _missing_columns(
    missing: list[Column], names: Sequence[str], strangers: list[int], file_name: str
) -> DataRefused:
    guesses = [guess for index in strangers if (guess := _guess(names[index], missing))]
    found = ", ".join(shorten(name, 40) for name in names[:MAX_LISTED_NAMES])
    cause = (
        f"{file_name} lacks {'the column' if len(missing) == 1 else 'the columns'} "
        f"{', '.join(column.name for column in missing)}; its first line names: {found}"
        f"{', ...' if len(names) > MAX_LISTED_NAMES else ''}."
    )
    return DataRefused(" ".join([cause, *guesses]), "Name the columns as in the documentation and try again.")


def _guess(stranger: str, missing: list[Column]) -> str | None:
    """A question such as `Column 'Agee': did you mean age?`, or None if nothing comes close."""
    spellings = {spelling: column.name for column in missing for spelling in (column.name, *column.known_as)}
    close = get_close_matches(stranger.strip().casefold(), spellings, n=1, cutoff=0.6)
    return f"Column {shorten(stranger, 40)!r}: did you mean {spellings[close[0]]}?" if close else None


def shorten(text: str, limit: int = 60) -> str:
    """The text in at most `limit` characters, for use in a message."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
