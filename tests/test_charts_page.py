"""The charts page in each of its states, as a script: what it shows, and what it says when it cannot."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from pages import _chart_data as charts_data
from pages._chart_queries import Query
from tests.passenger_files import raw_file, write_passengers

pytestmark = pytest.mark.timeout(120)
SCRIPT = Path(__file__).parent.parent / "pages" / "_shell.py"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of the shipped rows, to be copied."""
    database = tmp_path_factory.mktemp("page") / "t.sqlite"
    publish(raw_file(snapshot_path()), database)
    return database


@pytest.fixture
def database(shipped: Path) -> Path:
    """A table of the shipped rows where the settings look for it."""
    target = Path(os.environ["TITANIC_DB"])
    shutil.copyfile(shipped, target)
    return target


def look(**address: str) -> AppTest:
    """The page as a link opens it; nothing on it is an exception."""
    page = AppTest.from_file(str(SCRIPT), default_timeout=60)
    page.switch_page("charts.py")
    for name, value in address.items():
        page.query_params[name.replace("_", "-")] = value
    page.run()
    assert not page.exception
    return page


def change(sql: str) -> None:
    """Alter the file as a foreign program might."""
    with closing(sqlite3.connect(os.environ["TITANIC_DB"])) as connection:
        connection.executescript(sql)


def metrics(page: AppTest) -> dict[str, str]:
    """The metrics by label."""
    return {metric.label: metric.value for metric in page.metric}


def test_all_passengers(database: Path) -> None:
    """Without filters the page shows the known figures of the Titanic, and nine questions."""
    page = look()
    assert metrics(page) == {
        "Passengers": "891",
        "Survived": "38%",
        "Median age": "28 years",
        "Median fare": "£14.45",
    }
    assert len(page.subheader) == 9
    assert not page.warning
    assert any(caption.value.startswith("All 891 passengers.") for caption in page.caption)


def test_a_link_reproduces_the_view(database: Path) -> None:
    """The filters of an address are set, shown as chips, and each metric stands beside that of all."""
    page = look(**{"class": "1", "sex": "female", "pick_port": "S"})
    assert metrics(page)["Passengers"] == "48"
    assert [metric.delta for metric in page.metric][:2] == ["all: 891", "all: 38%"]
    chips = [button.label for button in page.button if (button.key or "").startswith("chip-")]
    assert chips == ["first class", "female", "boarded at Southampton"]
    assert page.button_group(key="filter-class").value == ["1"]


def test_nonsense_in_a_link_is_named(database: Path) -> None:
    """What makes no sense is left out with a notice; the rest of the link counts."""
    page = look(**{"class": "<script>", "sex": "male", "x": "1 OR 1=1", "order": "rowid"})
    assert metrics(page)["Passengers"] == "577"
    (warning,) = page.warning
    assert warning.value.endswith("left out: `class`, `x`, `order`.")


def test_one_click_clears(database: Path) -> None:
    """A chip takes its own filter away; the clear button takes all, in the address too."""
    page = look(**{"class": "1", "age": "20-35"})
    page.button(key="chip-class").click().run()
    assert "class" not in page.query_params
    assert page.query_params["age"] == "20-35"
    page.button(key="clear").click().run()
    assert page.query_params == {}
    assert metrics(page)["Passengers"] == "891"


def test_choosing_in_the_bar_writes_the_address(database: Path) -> None:
    """Each filter of the bar narrows the page and stands in the address at once."""
    page = look()
    page.button_group(key="filter-sex").set_value(["female"]).run()
    page.selectbox(key="filter-age-low").set_value(30).run()
    page.selectbox(key="filter-fare-high").set_value(50).run()
    page.radio(key="filter-age-unknown").set_value("keep").run()
    assert page.query_params == {
        "sex": "female", "age": "30-", "fare": "-50", "age-unknown": "keep",
    }  # fmt: skip
    assert metrics(page)["Passengers"] != "891"
    assert not page.exception


def test_filters_that_leave_nobody(database: Path) -> None:
    """An empty result says so, offers the way back, and the way back works."""
    page = look(**{"pick_deck": "T", "sex": "female"})
    assert page.info[0].value == "No passenger matches all of these filters."
    page.button(key="clear-nobody").click().run()
    assert metrics(page)["Passengers"] == "891"


def test_the_list_is_paged_searched_and_sorted(database: Path) -> None:
    """Next shows the passengers that follow, Previous goes back; a search starts at the first page."""
    page = look()
    page.button(key="next").click().run()
    assert page.dataframe[0].value["No."].tolist() == [*range(26, 51)]
    page.button(key="previous").click().run()
    assert page.dataframe[0].value["No."].tolist() == [*range(1, 26)]
    page.button(key="next").click().run()
    page.text_input(key="passenger-search").set_value("allison").run()
    page.selectbox(key="passenger-order").set_value("age-up").run()
    assert page.dataframe[0].value["Age"].dropna().tolist() == [0.92, 2, 25]
    assert page.query_params == {"search": "allison", "order": "age-up"}
    page.text_input(key="passenger-search").set_value("nobody of that name").run()
    assert "No passenger matches" in page.info[0].value


def test_a_rebuild_is_seen_without_a_restart(database: Path, tmp_path: Path) -> None:
    """After the file was replaced the next interaction shows the new figures, though results are cached."""
    page = look()
    publish(raw_file(write_passengers(tmp_path / "a.csv", 1_200)), database)
    page.run()
    assert metrics(page)["Passengers"] == "1,200"
    database.unlink()
    page.run()
    assert "There is no Titanic table yet." in page.info[0].value


def test_no_database(tmp_path: Path) -> None:
    """Without a table the page says what to do, offers the pipeline page, and creates no file."""
    page = look()
    assert "There is no Titanic table yet." in page.info[0].value
    assert page.get("page_link")[0].proto.label == "Rebuild the data"
    assert not page.metric
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\x07" * 5000])
def test_a_damaged_database(tmp_path: Path, content: bytes) -> None:
    """A file that is no SQLite database, or a broken one, is named as such and left as it is."""
    target = Path(os.environ["TITANIC_DB"])
    target.write_bytes(content)
    page = look()
    assert "Rebuild the data" in page.info[0].value
    assert str(tmp_path) not in page.info[0].value
    assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("sql", "missing"),
    [
        ("DROP TABLE titanic_families", "titanic_families"),
        ("DROP TABLE titanic_cube", "titanic_cube"),
        ("ALTER TABLE titanic_cube DROP COLUMN name_known", "titanic_cube.name_known"),
        ("ALTER TABLE titanic DROP COLUMN cabin", "titanic.cabin"),
    ],
)
def test_a_table_of_an_older_version(database: Path, sql: str, missing: str) -> None:
    """A file that lacks what the charts read is named with what is missing, and a rebuild is asked for."""
    change(sql)
    page = look()
    assert f"built by another version of this project: {missing} is missing" in page.info[0].value
    assert not page.metric


def test_a_table_without_rows(database: Path) -> None:
    """A table with no passengers says so instead of dividing by nothing."""
    change("DELETE FROM titanic; DELETE FROM titanic_cube; UPDATE titanic_build SET rows = 0")
    assert "The table has no passengers." in look().info[0].value


def test_a_locked_database_can_be_read(database: Path) -> None:
    """A program that holds the file locked does not keep the charts from reading it."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert metrics(look())["Passengers"] == "891"
        other.execute("ROLLBACK")
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_source_without_names(tmp_path: Path) -> None:
    """Where all names, ages and fares are unknown the page says unknown and draws what there is."""

    def forget(_number: int, row: list[str]) -> list[str]:
        return [*row[:3], "", row[4], "", *row[6:9], "", *row[10:]]

    publish(raw_file(write_passengers(tmp_path / "a.csv", 300, forget)), Path(os.environ["TITANIC_DB"]))
    page = look()
    assert (metrics(page)["Median age"], metrics(page)["Median fare"]) == ("unknown", "unknown")
    captions = " ".join(caption.value for caption in page.caption)
    assert "No age is known of these 300 passengers." in captions
    assert "No fare is known of these passengers." in captions


def test_a_question_is_taken_to_the_chat(tmp_path: Path) -> None:
    """The button opens the chat page with the question in the session and in the address."""
    (tmp_path / "shell.py").write_text(
        "import streamlit as st\nst.navigation([st.Page('a.py', default=True), st.Page('chat.py')]).run()"
    )
    (tmp_path / "a.py").write_text(
        "from pathlib import Path\nfrom pages._ask_link import show_ask_button\n"
        "show_ask_button('Who survived? Only passengers: female.', 'ask', Path(__file__).parent)"
    )
    (tmp_path / "chat.py").write_text(
        "import streamlit as st\nst.text(st.session_state['chat-draft'])\nst.text(st.query_params['ask'])"
    )
    page = AppTest.from_file(str(tmp_path / "shell.py"), default_timeout=30).run()
    page.button(key="ask").click().run()
    assert not page.exception
    assert [text.value for text in page.text] == ["Who survived? Only passengers: female."] * 2


def test_a_slow_list_says_so(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the list takes longer than its limit the page keeps its charts and says what to do."""
    monkeypatch.setattr("pages._chart_data.STEPS_BETWEEN_LOOKS", 1)
    real = charts_data.fetch

    def slow(path: Path, query: Query, limit_s: float) -> list[charts_data.Row]:
        is_list = "ORDER BY fare IS NULL" in query.sql
        return real(path, query, 0.0 if is_list else limit_s)

    monkeypatch.setattr(charts_data, "fetch", slow)
    page = look(order="fare")
    assert "takes more than 3 s in a table of this size" in page.warning[0].value
    assert metrics(page)["Passengers"] == "891"
