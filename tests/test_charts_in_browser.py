"""The charts page as a person meets it: filters, clicks, links and downloads in a real Chromium."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from tests.browser import WatchedPage, running_app
from tests.passenger_files import raw_file
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(180)
PATIENCE_MS = 20_000
CHARTS = ("groups", "ages", "fares", "families", "ports", "decks", "unknowns", "explorer")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app whose table is built."""
    home = tmp_path_factory.mktemp("charts")
    publish(raw_file(snapshot_path()), home / "titanic.sqlite")
    environment = {"TITANIC_DB": str(home / "titanic.sqlite"), "PREFECT_HOME": str(home / "prefect")}
    with running_app(environment) as address:
        yield address


@pytest.fixture
def charts(app: str, open_page: Callable[..., WatchedPage]) -> Iterator[Callable[..., Page]]:
    """Opens the page, with the query of an address; at the end nothing may have been complained about."""
    opened: list[WatchedPage] = []

    def open_charts(query: str = "", **options: object) -> Page:
        watched = open_page(**options)
        opened.append(watched)
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page = watched.open(f"{app}/charts{query}")
        page.wait_for_selector(".st-key-chart-explorer .bars path", timeout=PATIENCE_MS)
        return page

    yield open_charts
    for watched in opened:
        assert watched.complaints == []
        assert watched.page.locator('[data-testid="stException"]').count() == 0


def shows(page: Page, text: str) -> None:
    """Wait until the chips' line says this."""
    expect(page.locator(".st-key-chips")).to_contain_text(text, timeout=PATIENCE_MS)


def fresh(page: Page, key: str) -> str:
    """A selector of the element with this key that is not left over from an earlier run."""
    return f'.st-key-{key}[data-stale="false"]'


def click_bar(page: Page, chart: str, number: int) -> None:
    """Click a bar of a chart, as a hand does: point, then press."""
    bar = page.locator(f"{fresh(page, f'chart-{chart}')} .bars .point path").nth(number)
    bar.scroll_into_view_if_needed(timeout=PATIENCE_MS)
    box = bar.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y)
    page.wait_for_selector(f".st-key-chart-{chart} .hoverlayer .hovertext", timeout=PATIENCE_MS)
    page.mouse.down()
    page.mouse.up()


def download(page: Page, selector: str) -> Download:
    """What a click on this element downloads."""
    with page.expect_download(timeout=PATIENCE_MS) as started:
        page.locator(selector).first.click()
    return started.value


def test_a_filter_narrows_and_one_click_clears(charts: Callable[..., Page]) -> None:
    """A choice in the bar changes the figures and the address; Clear brings all passengers back."""
    page = charts()
    shows(page, "All 891 passengers")
    page.click('.st-key-filters button:has-text("Class")')
    page.click('[data-testid="stPopoverBody"] button:has-text("First")')
    shows(page, "216 of 891 passengers")
    page.keyboard.press("Escape")
    assert page.url.endswith("?class=1")
    page.wait_for_selector("text=all: 38%")
    page.locator(".st-key-clear button").first.click()
    shows(page, "All 891 passengers")
    assert "?" not in page.url


def test_a_click_in_one_chart_narrows_the_others(charts: Callable[..., Page]) -> None:
    """Clicked marks become chips that add up; a chip or a second click takes its mark away again."""
    page = charts()
    click_bar(page, "ports", 1)
    shows(page, "168 of 891")
    shows(page, "boarded at Cherbourg")
    click_bar(page, "groups", 0)
    shows(page, "43 of 891")
    expect(page.locator(".st-key-card-unknowns")).to_contain_text("out of 43", timeout=PATIENCE_MS)
    expect(page.locator(".st-key-card-ports")).to_contain_text("Southampton")
    page.locator(".st-key-chip-pick-port button").first.click()
    shows(page, "94 of 891")
    click_bar(page, "groups", 0)
    shows(page, "All 891")


def test_a_box_chooses_several_marks(charts: Callable[..., Page]) -> None:
    """With the box of the chart's own bar several groups are chosen at once."""
    page = charts()
    chart = page.locator(".st-key-chart-families")
    chart.scroll_into_view_if_needed()
    chart.hover()
    chart.locator('.modebar-btn[data-title="Box Select"]').click()
    area = chart.locator(".nsewdrag").first.bounding_box()
    assert area
    page.mouse.move(area["x"] + 4, area["y"] + 60)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + 120, steps=5)
    page.mouse.up()
    shows(page, "without relatives or in a family of 2")
    shows(page, "698 of 891")


def test_an_outlier_can_be_inspected(charts: Callable[..., Page]) -> None:
    """The highest fare is a mark of its own; a click shows the passengers of that price in the list."""
    page = charts()
    marks = page.locator(".st-key-chart-fares .scatterlayer path.point").all()
    mark = max(marks, key=lambda one: (one.bounding_box() or {"x": 0})["x"])
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2 - 1, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".st-key-chart-fares .hoverlayer")).to_contain_text("£512.33: 3 passengers")
    page.mouse.down()
    page.mouse.up()
    shows(page, "3 of 891")
    expect(page.locator(".st-key-paging")).to_contain_text("1 to 3 of 3", timeout=PATIENCE_MS)


def test_a_link_opens_the_same_view(charts: Callable[..., Page]) -> None:
    """Filters, clicked marks, explorer, search and order all come back from a link."""
    page = charts("?sex=female&age=20-35&pick-deck=C&x=port&measure=age&search=mrs&order=age")
    shows(page, "female")
    shows(page, "on deck C")
    assert page.input_value(".st-key-passenger-search input") == "mrs"
    expect(page.locator(".st-key-card-explorer")).to_contain_text("Largest mean age")


def test_filters_survive_a_switch_of_pages(charts: Callable[..., Page]) -> None:
    """Going to the pipeline and back keeps the view and puts it into the address again."""
    page = charts("?class=2")
    page.click('a:has-text("Pipeline")')
    page.wait_for_selector(".st-key-rebuild", timeout=PATIENCE_MS)
    page.click('a:has-text("Charts")')
    shows(page, "184 of 891")
    page.wait_for_url("**/charts?class=2")


@pytest.mark.parametrize(("choice", "suffix", "start"), [("PNG", "png", b"\x89PNG"), ("SVG", "svg", b"<svg")])
def test_a_chart_is_saved_as_a_picture(
    charts: Callable[..., Page], choice: str, suffix: str, start: bytes
) -> None:
    """The camera of a chart gives a real picture in the chosen format, under the page's own policy."""
    page = charts()
    if choice != "PNG":  # which is chosen at the start
        page.locator(f'.st-key-picture-format button:has-text("{choice}")').first.click()
    page.locator(".st-key-chart-ports").first.hover()
    title = "Download plot as a PNG" if choice == "PNG" else "Download plot"
    camera = f'{fresh(page, "chart-ports")} .modebar-btn[data-title="{title}"]'
    saved = download(page, camera)
    assert saved.suggested_filename == f"titanic-ports.{suffix}"
    assert Path(saved.path()).read_bytes().lstrip().startswith(start)


def test_figures_and_passengers_are_saved_as_csv(charts: Callable[..., Page]) -> None:
    """A chart's CSV holds its figures, the list's CSV every passenger behind the filters."""
    page = charts("?class=1")
    page.click(".st-key-doors-ports summary")
    figures = download(page, ".st-key-csv-ports button")
    rows = list(csv.DictReader(io.StringIO(Path(figures.path()).read_text())))
    assert [(row["embarked"], row["passengers"], row["survivors"]) for row in rows] == [
        ("S", "127", "74"),
        ("C", "85", "59"),
        ("Q", "2", "1"),
        ("", "2", "2"),
    ]
    passengers = download(page, ".st-key-csv-passengers a")
    assert passengers.suggested_filename == "titanic-passengers.csv"
    assert len(list(csv.DictReader(io.StringIO(Path(passengers.path()).read_text())))) == 216
    assert page.context.pages == [page]  # the link's own tab is gone


def test_sql_is_shown_with_its_parameters(charts: Callable[..., Page]) -> None:
    """Behind a chart stands the exact statement with what was chosen as parameters."""
    page = charts("?sex=female")
    page.click(".st-key-doors-ports summary")
    code = page.locator(".st-key-doors-ports code.language-sql")
    expect(code).to_contain_text(".parameter set ?1 \"'female'\"")
    expect(code).to_contain_text("FROM titanic_people")


def test_what_lies_behind_a_chart_follows_the_filters(charts: Callable[..., Page]) -> None:
    """While a chart is opened up, a click elsewhere works, and the SQL shown is that of the new view."""
    page = charts("?sex=female")
    page.click(".st-key-doors-ports summary")
    code = page.locator(".st-key-doors-ports code.language-sql")
    expect(code).to_contain_text("'female'")
    page.click(".st-key-clear button")
    expect(page.locator(".st-key-chips")).to_contain_text("All 891 passengers")
    expect(code).not_to_contain_text("'female'")


def test_a_passenger_is_looked_at(charts: Callable[..., Page]) -> None:
    """Choosing a row of the list shows that passenger's card."""
    page = charts("?search=Cumings")
    grid = page.locator('[data-testid="stDataFrame"]').first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 52)
    card = page.locator(".st-key-passenger-card")
    expect(card).to_contain_text("Cumings, Mrs. John Bradley (Florence Briggs Thayer)", timeout=PATIENCE_MS)
    expect(card).to_contain_text("£71.28 for the whole ticket")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_sees_every_chart(charts: Callable[..., Page], scheme: str) -> None:
    """At 390 pixels, in both themes, nothing sticks out sideways, and each chart can also be heard."""
    page = charts(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in CHARTS:
        label = page.locator(f'.st-key-chart-{name} [data-testid="stPlotlyChart"]').get_attribute(
            "aria-label"
        )
        assert label, name
        assert len(label) > 60


def test_the_theme_can_be_switched(charts: Callable[..., Page]) -> None:
    """The moment the system goes dark, texts and thin lines of the charts do as well, without a reload."""
    page = charts(color_scheme="light")
    parts = (".errorbar path", "stroke"), (".xtick text", "fill"), (".ytitle", "fill")

    def colours() -> set[str]:
        ask = (
            "([part, name]) => getComputedStyle(document.querySelector('.st-key-chart-ports ' + part))[name]"
        )
        return {page.evaluate(ask, list(part)) for part in parts}

    assert colours() == {"rgb(27, 39, 51)"}
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: colours() == {"rgb(230, 235, 240)"}, PATIENCE_MS / 1000)
