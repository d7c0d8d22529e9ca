"""Each figure of the charts page equals what pandas computes from the table by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMN_NAMES, read_passengers
from pages import _chart_board as board
from pages import _chart_figures as figures
from pages._chart_data import check_table, fetch
from pages._chart_explorer import AXES, COLOURS, MEASURES, View, explore
from pages._chart_facets import AGE, BOARDED, DECK, FAMILY, FARE, GROUP, Facet
from pages._chart_filters import from_address
from pages._chart_statistics import wilson_interval
from tests.passenger_files import raw_file, write_passengers

FARE_BOUNDS = [0, 1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000, 1e9]
ADDRESSES = [
    {},
    {"sex": "female", "class": "1,2"},
    {"port": "C,unknown", "survived": "yes"},
    {"age": "20-35"},
    {"age": "-10", "age-unknown": "keep", "company": "family"},
    {"age-unknown": "only"},
    {"age-unknown": "drop", "fare": "10-50"},
    {"pick-group": "1-female,3-male", "pick-fare": "5,10,unknown"},
    {"pick-age": "0,30,unknown", "pick-port": "S,unknown", "fare": "5-"},
    {"pick-family": "2,8", "pick-deck": "B,C,other,unknown"},
    {"class": "1", "pick-deck": "T"},
    {"pick-deck": "G", "pick-family": "8", "class": "1"},
]
LARGE = 10_000_000
"""Rows of a table for which medians are taken from counted values."""


@pytest.fixture(scope="module", params=["shipped", "odd"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped table, and one in which everything that may be unknown sometimes is."""
    folder = tmp_path_factory.mktemp("charts")
    source = snapshot_path()
    if request.param == "odd":
        source = write_passengers(folder / "odd.csv", 2_000, _forget)
    publish(raw_file(source), folder / "t.sqlite")
    return folder / "t.sqlite"


def _forget(number: int, row: list[str]) -> list[str]:
    for name, every in (("fare", 11), ("embarked", 13), ("name", 7), ("ticket", 17)):
        if number % every == 0:
            row[COLUMN_NAMES.index(name)] = ""
    if number % 19 == 0:
        row[COLUMN_NAMES.index("cabin")] = "x1"
    return row


def passengers(database: Path) -> pd.DataFrame:
    """The table with the groups of the charts, worked out by pandas; unknown is the word `unknown`."""
    frame = read_passengers(database)
    age, fare = frame["age"].astype(float), frame["fare"].astype(float)
    frame["group"] = frame["pclass"].astype(str) + "-" + frame["sex"]
    frame["port"] = frame["embarked"].fillna("unknown")
    frame["family"] = (frame["sibsp"] + frame["parch"] + 1).clip(upper=8).astype(str)
    deck = frame["cabin"].str[0]
    frame["deck"] = deck.where(deck.isna() | deck.isin(list("ABCDEFGT")), "other").fillna("unknown")
    frame["age_bin"] = (age // 5 * 5).map(lambda low: "unknown" if pd.isna(low) else f"{low:.0f}")
    bins = pd.cut(fare, FARE_BOUNDS, right=False, labels=[f"{b:.0f}" for b in FARE_BOUNDS[:-1]])
    frame["fare_bin"] = bins.astype("string").fillna("unknown")
    return frame


COLUMN_OF = {
    "class": "pclass", "sex": "sex", "port": "port", "pick-group": "group", "pick-age": "age_bin",
    "pick-fare": "fare_bin", "pick-port": "port", "pick-family": "family", "pick-deck": "deck",
}  # fmt: skip


def narrowed(frame: pd.DataFrame, address: dict[str, str], skip: str = "") -> pd.DataFrame:
    """The passengers that an address asks for, the facet `skip` left out."""
    keep = pd.Series(True, index=frame.index)
    for name, text in address.items():
        tokens = text.split(",")
        if name in COLUMN_OF and name != skip:
            keep &= frame[COLUMN_OF[name]].astype(str).isin(tokens)
    if "survived" in address:
        keep &= frame["survived"] == (1 if address["survived"] == "yes" else 0)
    if "company" in address:
        keep &= ((frame["sibsp"] + frame["parch"]) == 0) == (address["company"] == "alone")
    age, fare = frame["age"].astype(float), frame["fare"].astype(float)
    choice = address.get("age-unknown", "drop" if "age" in address else "keep")
    low, high = address.get("age", "-").split("-")
    inside = age.notna() & (age >= float(low or 0)) & (age < float(high or 999))
    keep &= {"keep": inside | age.isna(), "drop": inside, "only": age.isna()}[choice]
    if "fare" in address:
        low, high = address["fare"].split("-")
        keep &= (fare >= float(low or 0)) & (fare < float(high or 1e9))
    return frame[keep]


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_the_metrics(database: Path, address: dict[str, str]) -> None:
    """Passengers, survivors, known ages and both medians are those of the rows that the filters leave."""
    mine = board.summarise(partial(fetch, database), from_address(address)[0], check_table(database))
    rows = narrowed(passengers(database), address)
    assert (mine.passengers, mine.survivors) == (len(rows), int(rows["survived"].sum()))
    assert mine.age_known == rows["age"].count()
    for value, name in ((mine.median_age, "age"), (mine.median_fare, "fare")):
        known = rows[name].dropna().astype(float)
        assert value == (pytest.approx(known.median()) if len(known) else None)


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
@pytest.mark.parametrize("facet", [GROUP, AGE, BOARDED, FAMILY, DECK], ids=lambda facet: facet.name)
def test_survival_by_each_facet(database: Path, facet: Facet, address: dict[str, str]) -> None:
    """Each bar counts the right passengers and survivors; a chart leaves out only its own clicks."""
    make = {GROUP: board.survival_by_group, AGE: board.ages}.get(facet) or partial(
        board.survival_by, facet=facet
    )
    chart = make(partial(fetch, database), from_address(address)[0])
    rows = narrowed(passengers(database), address, skip=facet.name)
    expected = rows.groupby(COLUMN_OF[facet.name])["survived"].agg(["count", "sum"])
    counted = {
        board.captions.member_of(facet, row).token: (row["passengers"], row["survivors"])
        for row in chart.rows
    }
    assert counted == {str(token): (int(n), int(s)) for token, n, s in expected.itertuples()}
    assert_drawn(chart, counted)


def assert_drawn(chart: board.Chart, counted: dict[str, tuple[int, int]]) -> None:
    """The figure's bars have the heights, texts and intervals of these counts."""
    drawn = {bar[0]: (i, trace) for trace in chart.figure.data for i, bar in enumerate(trace.customdata)}
    for token, (count, survivors) in counted.items():
        place, trace = drawn[token]
        if chart.name == "ages":
            total = sum(t.y[place] for t in chart.figure.data)
            assert (chart.figure.data[0].y[place], total) == (survivors, count)
        else:
            share, (low, high) = survivors / count, wilson_interval(survivors, count)
            assert trace.y[place] == pytest.approx(share)
            assert share + trace.error_y.array[place] == pytest.approx(high)
            assert share - trace.error_y.arrayminus[place] == pytest.approx(low)


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_fares_by_class(database: Path, address: dict[str, str]) -> None:
    """Quartiles are those of pandas; what is beyond the whiskers is counted and drawn."""
    chart = board.fares(partial(fetch, database), from_address(address)[0], check_table(database))
    rows = narrowed(passengers(database), address, skip="pick-fare").dropna(subset=["fare"])
    boxes = {trace.name: trace for trace in chart.figure.data if trace.type == "box"}
    assert len(boxes) == rows["pclass"].nunique()
    for number, fares in rows.groupby("pclass")["fare"]:
        box, fares = boxes[["First", "Second", "Third"][int(number) - 1]], fares.astype(float)
        quartiles = [float(fares.quantile(q)) for q in (0.25, 0.5, 0.75)]
        assert [box.q1[0], box.median[0], box.q3[0]] == pytest.approx(quartiles)
        reach = 1.5 * (quartiles[2] - quartiles[0])
        outside = fares[(fares < quartiles[0] - reach) | (fares > quartiles[2] + reach)]
        marks = next(t for t in chart.figure.data if t.type == "scatter" and t.name == box.name)
        assert sum(mark[1] for mark in marks.customdata or []) == int((outside > 0).sum())
    free = int((rows["fare"].astype(float) == 0).sum())
    assert (f" {free:,} paid nothing" in chart.caption) == bool(free)


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_unknown_values(database: Path, address: dict[str, str]) -> None:
    """The number of unknown values of each column is that of the rows that the filters leave."""
    rows = narrowed(passengers(database), address)
    if rows.empty:
        return
    chart = board.unknowns(partial(fetch, database), from_address(address)[0])
    counted = {row["column"]: row["unknown"] for row in chart.rows}
    assert counted == {name: int(rows[name].isna().sum()) for name in counted}
    assert set(counted) == {"name", "age", "ticket", "fare", "cabin", "embarked"}


@pytest.mark.parametrize("x", AXES)
@pytest.mark.parametrize("colour", [*COLOURS, "none"])
def test_the_explorer(database: Path, x: str, colour: str) -> None:
    """Whatever is put together, each bar is the mean, share or number that pandas finds for its group."""
    frame = narrowed(passengers(database), address := {"class": "1,3", "age-unknown": "keep", "fare": "5-"})
    axis_of = COLUMN_OF | {"age": "age_bin", "fare": "fare_bin", "family": "family", "deck": "deck"}
    frame["survived-token"] = frame["survived"].map({1: "yes", 0: "no"})
    frame["company-token"] = ((frame["sibsp"] + frame["parch"]) == 0).map({True: "alone", False: "family"})
    columns = [axis_of.get(name) or f"{name}-token" for name in (x, colour) if name != "none"]
    groups = frame.groupby(list(dict.fromkeys(columns)), observed=True)
    expected = {
        "passengers": groups["survived"].count(),
        "survival": groups["survived"].mean(),
        "age": groups["age"].mean(),
        "fare": groups["fare"].mean(),
    }
    for measure, values in expected.items():
        chart = explore(partial(fetch, database), from_address(address)[0], View(x, colour, measure))
        drawn = sorted(y for trace in chart.figure.data for y in trace.y if y is not None)
        assert drawn == pytest.approx(sorted(float(value) for value in values.dropna()))
        assert MEASURES[measure].words in chart.caption


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_medians_of_a_large_table_say_how_close_they_are(database: Path, address: dict[str, str]) -> None:
    """From counted values the medians stay within a bin, and within 1 % where no other range is set."""
    filters = from_address(address)[0]
    rows = narrowed(passengers(database), address)
    summary = board.summarise(partial(fetch, database), filters, LARGE)
    assert not summary.is_exact
    is_fine = not {"fare", "pick-age", "pick-fare", "pick-family", "pick-deck"} & set(address)
    for value, name, bounds in (
        (summary.median_age, "age", [*range(0, 121, 5)]),
        (summary.median_fare, "fare", FARE_BOUNDS),
    ):
        known = rows[name].dropna().astype(float)
        if known.empty:
            assert value is None
        elif is_fine and (name == "age" or "age" not in " ".join(address)):
            assert value == pytest.approx(known.median(), rel=0.01)
        else:
            low, high = _bin_around(known, bounds)
            assert low <= (value or 0) <= high


def _bin_around(known: pd.Series, bounds: list[float]) -> tuple[float, float]:
    """The bin, or the two bins, in which the two middle values lie."""
    lower, upper = known.quantile(0.5, "lower"), known.quantile(0.5, "higher")
    return max(b for b in bounds if b <= lower), min([b for b in bounds if b > upper], default=1e9)


@pytest.mark.parametrize("number", ["age", "fare"])
def test_an_answer_names_the_table_it_came_from(database: Path, number: str) -> None:
    """The SQL shown is the SQL run: small tables are asked directly, large ones through their counts."""
    small = board.value_counts_query(number, from_address({})[0], 891)
    large = board.value_counts_query(number, from_address({})[0], LARGE)
    assert "FROM titanic\n" in small.query.sql
    assert f"FROM titanic_{number}s" in large.query.sql
    assert FARE.dimensions == ("fare_bin",)


@pytest.mark.parametrize(
    ("passengers", "shown"), [(2, (",d", 1)), (300, (",d", None)), (2_000_000, ("~s", None))]
)
def test_an_axis_of_counts_has_whole_numbers(passengers: int, shown: tuple[str, int | None]) -> None:
    """Two passengers are not 2,000 thousandths of one, and two millions fit beside the axis."""
    rows = [{"age_bin": 20, "passengers": passengers, "survivors": 1}]
    axis = figures.age_bars(rows, ()).layout.yaxis
    assert (axis.tickformat, axis.dtick) == shown
