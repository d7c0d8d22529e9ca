"""A chart is data that fits its result: refusals help, drawings are honest, and text stays text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser

from llm_agent.chart_spec import KINDS, ChartSpec, validate_chart
from llm_agent.charts.chart_choice import possible_charts, possible_kinds, suggest_chart
from llm_agent.charts.chart_figure import draw
from llm_agent.charts.chart_words import chart_in_words
from llm_agent.errors import ChartRefused
from tests.query_results import Rows, query

BY_SEX = query("SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex")
BY_CLASS_AND_SEX = query("SELECT pclass, sex, COUNT(*) AS n FROM titanic GROUP BY 1, 2")
PASSENGERS = query("SELECT pclass, sex, age, fare FROM titanic")
BY_DECADE = query(
    "SELECT CAST(age / 10 AS INT) * 10 AS decade, COUNT(*) AS n FROM titanic WHERE age IS NOT NULL GROUP BY 1"
)
HOSTILE = '<a href="https://evil.example/x">click</a>&amp;%{x}<img src="https://evil.example/y">'
MANY = Rows(("a", "b"), tuple((number, number) for number in range(41)))
SPECS = [
    (ChartSpec("bar", "sex", "n", title="Passengers by sex"), BY_SEX),
    (ChartSpec("bar", "pclass", "n", "sex"), BY_CLASS_AND_SEX),
    (ChartSpec("heatmap", "pclass", "sex", "n"), BY_CLASS_AND_SEX),
    (ChartSpec("line", "decade", "n"), BY_DECADE),
    (ChartSpec("scatter", "age", "fare", "pclass"), PASSENGERS),
    (ChartSpec("histogram", "age"), PASSENGERS),
    (ChartSpec("box", "pclass", "fare", "sex"), PASSENGERS),
    (ChartSpec("box", "age"), PASSENGERS),
]


@pytest.mark.parametrize(("spec", "result"), SPECS, ids=lambda value: getattr(value, "kind", ""))
def test_a_fitting_specification_passes_and_is_drawn(spec: ChartSpec, result: Rows) -> None:
    """Every kind survives JSON, is accepted as it is, and gives a figure in both themes."""
    assert validate_chart(json.loads(json.dumps(spec.as_json())) | {"query": 1}, result) == spec
    light, dark = (draw(spec, result, dark=dark) for dark in (False, True))
    assert light.data
    assert light.layout.font.color != dark.layout.font.color


@pytest.mark.parametrize(
    ("arguments", "result", "message"),
    [
        ({"kind": "bar", "x": "sexe", "y": "n"}, BY_SEX, "does not have. Did you mean sex?"),
        ({"kind": "bar", "x": "sex"}, BY_SEX, "A bar needs y."),
        ({"kind": "pie", "x": "sex", "y": "n"}, BY_SEX, "The kind of chart is 'pie'. Use one of: bar, line"),
        ({"kind": ["bar"], "x": "sex", "y": "n"}, BY_SEX, "The kind of chart is ['bar']."),
        ({"x": "sex"}, BY_SEX, "The kind of chart is None."),
        ({"kind": "bar", "y": "n"}, BY_SEX, "x is missing."),
        ({"kind": "bar", "x": 1, "y": "n"}, BY_SEX, "x is 1, not text."),
        ({"kind": "bar", "x": "n", "y": "sex"}, BY_SEX, "y is sex, which holds no numbers"),
        ({"kind": "scatter", "x": "sex", "y": "n"}, BY_SEX, "x is sex, which holds no numbers"),
        ({"kind": "histogram", "x": "sex"}, BY_SEX, "x is sex, which holds no numbers"),
        ({"kind": "histogram", "x": "n", "y": "n"}, BY_SEX, "A histogram counts the values of x"),
        ({"kind": "heatmap", "x": "pclass", "y": "sex"}, BY_CLASS_AND_SEX, "A heatmap needs colour."),
        ({"kind": "heatmap", "x": "sex", "y": "sex", "colour": "n"}, BY_CLASS_AND_SEX, "Several rows"),
        ({"kind": "bar", "x": "pclass", "y": "n"}, BY_CLASS_AND_SEX, "Several rows have the same pclass."),
        ({"kind": "bar", "x": "sex", "y": "n"}, Rows(("sex", "n"), ()), "The result has no rows."),
        ({"kind": "bar", "x": "a", "y": "b"}, MANY, "41 different values"),
        ({"kind": "scatter", "x": "age", "y": "fare", "colour": "age"}, PASSENGERS, "at most 8 can be read"),
        ({"kind": "line", "x": "a", "y": "a"}, Rows(("a",), ((1,),) * 5001), "The result has 5001 rows."),
        ({"kind": "bar", "x": "sex", "y": "n", "title": "t" * 121}, BY_SEX, "The title has 121 characters."),
        ({"kind": "bar", "x": "x" * 9000, "y": "n"}, BY_SEX, "which the result does not have"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_way_out(
    arguments: dict[str, Any], result: Rows, message: str
) -> None:
    """The refusal names what was received and what to do, in a few hundred characters at most."""
    with pytest.raises(ChartRefused) as refused:
        validate_chart(arguments, result)
    assert message in str(refused.value)
    assert refused.value.remedy
    assert len(str(refused.value)) < 400


def test_names_are_taken_whatever_their_case() -> None:
    """SQLite does not mind the case of a name, so a chart does not either."""
    assert validate_chart({"kind": "bar", "x": "Sex", "y": "N"}, BY_SEX) == ChartSpec("bar", "sex", "n")


def test_axes_name_units_and_classes() -> None:
    """Known columns carry their unit, classes are categories in their order, and bars begin at 0."""
    figure = draw(ChartSpec("box", "pclass", "fare"), PASSENGERS, dark=False)
    assert figure.layout.yaxis.title.text == "fare (pounds of 1912)"
    assert figure.layout.xaxis.type == "category"
    assert figure.layout.xaxis.categoryarray == ("1st class", "2nd class", "3rd class")
    assert draw(*SPECS[0], dark=False).layout.yaxis.rangemode == "tozero"


def test_a_sum_named_like_a_code_is_a_number() -> None:
    """SUM(survived) AS survived holds 233 and 109, not the codes 0 and 1."""
    result = query("SELECT sex, SUM(survived) AS survived FROM titanic GROUP BY sex")
    assert suggest_chart(result) == ChartSpec("bar", "sex", "survived")
    assert list(draw(ChartSpec("bar", "sex", "survived"), result, dark=False).data[0].y) == [233, 109]


def test_unknown_and_equal_labels_stay_apart() -> None:
    """NULL is the word unknown, and labels that are equal once they are cut are numbered."""
    long = "Futrelle, Mrs. Jacques Heath (Lily May Peel) "
    result = Rows(("name", "n"), ((f"{long}1", 1), (f"{long}2", 2), (None, 3), ("1", 4), ("01", 5)))
    labels = draw(ChartSpec("bar", "name", "n"), result, dark=False).data[0].x
    assert len(set(labels)) == 5
    assert "unknown" in labels


def test_colours_are_groups_and_lose_no_row() -> None:
    """One trace for each colour, which together hold every row."""
    figure = draw(ChartSpec("scatter", "age", "fare", "pclass"), PASSENGERS, dark=True)
    assert [trace.name for trace in figure.data] == ["1st class", "2nd class", "3rd class"]
    assert sum(len(trace.x) for trace in figure.data) == len(PASSENGERS.rows)
    assert len({trace.marker.color for trace in figure.data}) == 3


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (BY_SEX, "bar"),
        (BY_CLASS_AND_SEX, "bar"),
        (BY_DECADE, "bar"),
        (query("SELECT fare FROM titanic LIMIT 100"), "histogram"),
        (query("SELECT COUNT(*) AS n FROM titanic"), None),
        (query("SELECT name, age FROM titanic LIMIT 20"), None),
        (Rows(("n",), ()), None),
        (Rows(("a", "b"), ((None, None), (None, None))), None),
    ],
)
def test_the_suggested_chart_suits_the_result(result: Rows, kind: str | None) -> None:
    """Groups become bars, many numbers a histogram; single numbers and lists of people stay tables."""
    spec = suggest_chart(result)
    assert (spec.kind if spec else None) == kind


@pytest.mark.parametrize("result", [BY_SEX, BY_CLASS_AND_SEX, PASSENGERS, BY_DECADE])
def test_every_possible_kind_can_be_drawn(result: Rows) -> None:
    """The switch of kinds offers nothing that fails."""
    charts = possible_charts(result)
    assert charts
    assert possible_kinds(result) == tuple(kind for kind in KINDS if kind in charts)
    for spec in charts.values():
        draw(spec, result, dark=False)


def test_the_alternative_text_says_what_is_seen() -> None:
    """Kind, axes, rows, and where the highest and the lowest value stand."""
    assert chart_in_words(ChartSpec("bar", "sex", "n"), BY_SEX) == (
        "Bar chart of n by sex, 2 rows. n is highest at male (577) and lowest at female (314)."
    )
    assert "at 3rd class, male (347)" in chart_in_words(
        ChartSpec("heatmap", "pclass", "sex", "n"), BY_CLASS_AND_SEX
    )
    assert chart_in_words(ChartSpec("histogram", "age"), PASSENGERS).endswith("age goes from 0.42 to 80.")


def test_hostile_text_is_drawn_letter_by_letter(chromium: Browser) -> None:
    """In a real browser a title, name and cell of HTML give no link, no request, and stand there as text."""
    result = Rows((HOSTILE, "n"), (("<b>bold</b>", 1), (HOSTILE, 2)))
    figure = draw(
        validate_chart({"kind": "bar", "x": HOSTILE, "y": "n", "title": HOSTILE}, result), result, dark=False
    )
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(figure.to_html(include_plotlyjs=True))
    page.locator(".xtick text").first.wait_for()
    page.locator(".barlayer .point").first.hover(force=True)
    page.locator(".hovertext").wait_for()
    assert page.locator("svg a, svg tspan[style*=bold]").count() == 0
    assert page.locator(".xtick text").first.text_content() == "<b>bold</b>"
    assert page.locator(".gtitle").text_content().startswith('<a href="https://evil.example/x">')
    assert not [url for url in asked if "evil" in url]
    page.close()


def test_a_value_keeps_the_colour_it_has_elsewhere() -> None:
    """A value whose colour the page hands in is drawn in it, another one in the palette's."""
    result = query("SELECT pclass, sex, COUNT(*) AS n FROM titanic GROUP BY 1, 2")
    spec = ChartSpec("bar", "pclass", "n", "sex")
    figure = draw(spec, result, dark=False, own_colours={"sex": {"female": "#d9730d"}})
    assert [trace.marker.color for trace in figure.data] == ["#d9730d", "#d55e00"]
