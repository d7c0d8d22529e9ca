"""The chat page in its states, as a script: real agent and guard, the demo model or a scripted server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from llm_agent.conversations import Conversations
from llm_agent.settings import Settings
from llm_agent.turn_record import TurnRecord
from pages._chat_store import chats_of
from pages._chat_turn import DRAWN_TURNS
from tests.llm_faults import FAULTS, GOES_WELL, SILENT, TOOL_FAULTS, WI_FI_PAGE
from tests.llm_server import LlmServer, Reply, text, tool_call

pytestmark = pytest.mark.timeout(120)
SCRIPT = Path(__file__).parent.parent / "pages" / "_shell.py"
COUNT = tool_call("run_sql", sql="SELECT COUNT(*) AS n FROM titanic WHERE survived = 1", purpose="Survivors")


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch, titanic_table: Path) -> Iterator[Path]:
    """The real table, and chats that no other test has seen."""
    monkeypatch.setenv("TITANIC_DB", str(titanic_table))
    yield titanic_table
    chats_of.clear()


@pytest.fixture
def kept() -> Conversations:
    """The conversations of this test."""
    return Conversations(Settings().chat_database)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    """Starts a scripted server and makes it the model of the settings."""
    servers: list[LlmServer] = []

    def start(*replies: Reply) -> LlmServer:
        server = LlmServer(list(replies))
        server.__enter__()
        servers.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_MODEL", server.model)
        return server

    yield start
    for server in servers:
        server.__exit__()


def look(**address: str) -> AppTest:
    """The chat page as a new tab with this address shows it."""
    page = AppTest.from_file(str(SCRIPT), default_timeout=60)
    page.run()
    page.switch_page("chat.py")
    for name, value in address.items():
        page.query_params[name] = value
    for name in ("list", "this", "connection"):  # what is below them is drawn only while they are open
        page.session_state[f"{name}-popover"] = True
    return fine(page.run())


def fine(page: AppTest) -> AppTest:
    """The page, on which nothing is an exception and nothing of a traceback."""
    assert not page.exception
    assert "Traceback" not in words(page)
    return page


def ask(page: AppTest, question: str) -> AppTest:
    """Ask in the input, and see the page once the answer has ended."""
    page.chat_input[0].set_value(question)
    return fine(page.run())


def opened(page: AppTest) -> str:
    """The id of the conversation in the address."""
    value = page.query_params["chat"]
    return value if isinstance(value, str) else value[0]


def words(page: AppTest) -> str:
    """All texts of the page as people read them: no escapes, no tags, no help texts."""
    blocks = [page.markdown, page.caption, page.info, page.warning, page.error, page.success, page.title]
    said = [str(element.value) for block in blocks for element in block]
    said += [str(element.proto.body) for element in page.get("html")]
    return re.sub(r"<[^>]*>", "", re.sub(r"\\(.)", r"\1", "\n".join(said)))


def html(page: AppTest) -> str:
    """The HTML that the page shows."""
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def test_the_first_screen() -> None:
    """Six questions from the data, an input, and the demo model that calls itself one."""
    page = look()
    assert [f"suggestion-{n}" for n in range(6)] == [
        button.key for button in page.button if str(button.key).startswith("suggestion")
    ]
    assert "demo model answers: no LLM" in words(page).replace("**", "")
    assert any("Demo model" in str(element.value) for element in page.markdown)
    assert not page.chat_input[0].disabled


def test_every_suggested_question_is_answered_by_the_demo_model() -> None:
    """What the page suggests works without a key: each answer has a query, and no figure without one."""
    for number in range(6):
        page = look()
        page.button(f"suggestion-{number}").click()
        fine(page.run())
        assert page.query_params["chat"]
        assert 'class="query-title"' in html(page), number
        assert 'class="founded"' in html(page), number
        assert 'class="unfounded"' not in html(page), number


def test_a_follow_up_knows_what_was_asked() -> None:
    """The second question of a conversation is understood from the first one."""
    page = ask(look(), "What was the survival rate by class?")
    ask(page, "and for women?")
    assert "96.8 %" in words(page)


def test_without_a_table_the_page_says_where_it_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing can be asked, the way to the table is shown, and no file is made."""
    monkeypatch.setenv("TITANIC_DB", str(tmp_path / "none.sqlite"))
    page = look()
    assert "There is no Titanic table yet" in words(page)
    assert len(page.get("page_link")) == 1
    assert not page.chat_input
    assert not (tmp_path / "none.sqlite").exists()


def test_conversations_that_cannot_be_kept_are_told_in_words(tmp_path: Path) -> None:
    """A damaged file of conversations is left alone and named without its path; questions are answered."""
    (tmp_path / "chats.sqlite").write_bytes(b"no database" * 1000)
    page = ask(look(), "How many survived?")
    assert "CHAT_DB" in words(page)
    assert "342" in words(page)
    assert str(tmp_path) not in words(page)
    assert (tmp_path / "chats.sqlite").read_bytes() == b"no database" * 1000


def test_a_question_in_the_address_is_never_sent(kept: Conversations) -> None:
    """`?ask=` fills the input and asks nothing; the address loses it, so a reload does not fill it again."""
    page = look(ask="How many women survived?")
    assert "ask" not in page.query_params
    assert page.chat_input[0].proto.value == "How many women survived?"
    assert kept.find() == []


def test_an_unknown_conversation_is_named_as_such() -> None:
    """An address with an id that is not there, or no longer, begins nothing and breaks nothing."""
    page = look(chat="../../etc/passwd")
    assert "no such conversation" in words(page)
    ask(page, "How many survived?")
    assert "342" in words(page)


def test_an_answer_with_its_evidence(connect: Callable[..., LlmServer]) -> None:
    """Figures of a result lead to its card; others are flagged; SQL, table and cost are there to see."""
    connect(COUNT, text("342 survived, of 2224 on board."), text("342 survived, of 2224 on board."))
    page = ask(look(), "How many survived?")
    assert re.search(r'founded"[^>]*>342</span><sup><a href="#query-1-1"', html(page))
    assert re.search(r'unfounded"[^>]*>2224<span class="flag"', html(page))
    assert 'id="query-1-1"' in html(page)
    assert "SELECT COUNT(*) AS n FROM titanic WHERE survived = 1" in [each.value for each in page.code]
    assert page.dataframe[0].value.to_dict("list") == {"n": [342]}


def test_sql_can_be_changed_and_run_without_the_model(connect: Callable[..., LlmServer]) -> None:
    """A person's own version of a query gets its own result, marked as theirs; the model is not asked."""
    server = connect(COUNT, text("342 survived."))
    page = ask(look(), "How many survived?")
    asked = len(server.requests)
    page.toggle("edit-query-1-1").set_value(True)
    page.run()
    page.text_area("sql-query-1-1").set_value("SELECT pclass, COUNT(*) AS n FROM titanic GROUP BY 1")
    page.button("run-query-1-1").click()
    fine(page.run())
    assert page.dataframe[1].value.to_dict("list") == {"pclass": [1, 2, 3], "n": [216, 184, 491]}
    assert "the answer above does not rest on this" in words(page)
    page.text_area("sql-query-1-1").set_value("DROP TABLE titanic")
    page.button("run-query-1-1").click()
    assert "DROP is not allowed" in words(fine(page.run()))
    assert len(server.requests) == asked


def test_a_clarifying_question_has_options(connect: Callable[..., LlmServer]) -> None:
    """The model asks back; a click on an option answers it."""
    server = connect(
        tool_call("ask_user", question="Which age is a child?", options=["under 12", "under 18"]),
        COUNT,
        text("342 survived."),
    )
    page = ask(look(), "How many children survived?")
    assert "Which age is a child?" in words(page)
    page.button("option-1").click()
    fine(page.run())
    assert server.requests[1].body["messages"][-1] == {"role": "user", "content": "under 18"}
    assert "342" in words(page)


@pytest.mark.parametrize("name", sorted(set(FAULTS) - SILENT - GOES_WELL - TOOL_FAULTS))
def test_after_any_fault_the_page_goes_on(connect: Callable[..., LlmServer], name: str) -> None:
    """One sentence with what to do; Retry asks again, and then there is the answer."""
    server = connect(FAULTS[name])
    page = ask(look(), "How many survived?")
    assert len(page.error) == 1
    server.script = [FAULTS[name], COUNT, text("342 survived.")][1:]
    server.requests.clear()
    page.button("retry-1").click()
    fine(page.run())
    assert not page.error
    assert "342" in words(page)


@pytest.mark.parametrize("name", sorted(GOES_WELL | TOOL_FAULTS))
def test_oddities_of_servers_are_no_faults(connect: Callable[..., LlmServer], name: str) -> None:
    """What only looks odd ends in an answer, without an error."""
    connect(FAULTS[name], text("It works."))
    page = ask(look(), "Does it work?")
    assert not page.error


def test_a_wrong_key_then_the_right_one(connect: Callable[..., LlmServer]) -> None:
    """The error names the setting; the right key in the panel works, and appears nowhere on the page."""
    server = connect(COUNT, text("342 survived."))
    server.api_key = "sk-the-right-one"
    page = ask(look(), "How many survived?")
    assert "OPENAI_API_KEY" in words(page)
    page.text_input("connection-key").set_value("sk-the-right-one")
    page.button("use-connection").click()
    page.run()
    page.button("retry-1").click()
    fine(page.run())
    assert "342" in words(page)
    assert page.text_input("connection-key").value == ""
    assert "sk-the-right-one" not in str(page)
    assert b"sk-the-right-one" not in Settings().chat_database.read_bytes()


def test_the_hosts_key_stays_with_the_hosts_address(
    connect: Callable[..., LlmServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another address that is typed into the panel does not get the key of the settings."""
    connect(text("Hello."))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-host")
    page = look()
    with LlmServer([COUNT, text("342 survived.")]) as other:
        page.text_input("connection-url").set_value(other.base_url)
        page.button("use-connection").click()
        page.run()
        ask(page, "How many survived?")
        assert "342" in words(page)
        assert "sk-of-the-host" not in str([request.headers for request in other.requests])


def test_the_connection_is_tried_and_told(connect: Callable[..., LlmServer]) -> None:
    """The test says in words what the endpoint can do, and its models can be chosen from."""
    server = connect()
    server.script = lambda body: COUNT if "tools" in body else text("one two three")
    page = look()
    page.button("test-connection").click()
    fine(page.run())
    assert "lists 2 models" in words(page)
    assert "The model takes tools" in words(page)
    assert "other-model" in page.selectbox("connection-model").options
    server.script = [lambda exchange: exchange.send(WI_FI_PAGE, "text/html")]
    page.button("test-connection").click()
    fine(page.run())
    assert len(page.warning) == 1


def test_editing_a_question_replaces_the_answers_from_there(
    connect: Callable[..., LlmServer], kept: Conversations
) -> None:
    """An edited question drops its old answer and those after it; the history that is sent has neither."""
    server = connect(text("First."), text("Second."), text("Anew."))
    page = ask(ask(look(), "One?"), "Two?")
    page.button("edit-1").click()
    page.run()
    page.text_area("edited-1").set_value("One, really?")
    page.button("ask-edited-1").click()
    fine(page.run())
    [turn] = kept.turns(opened(page))
    assert (turn.record.question, turn.record.text) == ("One, really?", "Anew.")
    assert "Second." not in words(page)
    assert [m["content"] for m in server.requests[-1].body["messages"][1:]] == ["One, really?"]


def test_a_closed_panel_keeps_what_was_typed() -> None:
    """Address and key that were typed, but not used yet, are still there when the panel is opened again."""
    page = look()
    page.text_input("connection-url").set_value("http://127.0.0.1:9/v1")
    page.text_input("connection-key").set_value("sk-typed")
    for is_open in (False, False, True):
        page.session_state["connection-popover"] = is_open
        fine(page.run())
    assert page.text_input("connection-url").value == "http://127.0.0.1:9/v1"
    assert page.text_input("connection-key").value == "sk-typed"


def test_only_the_last_question_is_asked_again_by_a_click(
    connect: Callable[..., LlmServer], kept: Conversations
) -> None:
    """Again replaces the last answer; earlier ones do not have it: it would take the later ones away."""
    connect(text("First."), text("Second."), text("Anew."))
    page = ask(ask(look(), "One?"), "Two?")
    assert "again-1" not in {button.key for button in page.button}
    page.button("again-2").click()
    fine(page.run())
    assert [turn.record.text for turn in kept.turns(opened(page))] == ["First.", "Anew."]


def test_the_list_is_searched(connect: Callable[..., LlmServer]) -> None:
    """The search keeps the conversations whose questions or answers have the word."""
    connect(text("Forty of them."), text("Thirty-two pounds."))
    page = ask(look(), "How many children?")
    page.button("new-chat").click()
    ask(fine(page.run()), "What did a ticket cost?")

    def titles() -> set[str]:
        return {button.label.split("  :gray")[0] for button in page.button if button.key.startswith("open-")}

    assert titles() == {"How many children?", "What did a ticket cost?"}
    page.text_input("search").set_value("pounds")
    fine(page.run())
    assert titles() == {"What did a ticket cost?"}
    page.text_input("search").set_value("nowhere")
    fine(page.run())
    assert "Nothing found." in words(page)


def test_thumbs_and_comments_are_kept(connect: Callable[..., LlmServer], kept: Conversations) -> None:
    """A vote opens a line for a comment, and both are in the file."""
    connect(text("Hello."))
    page = ask(look(), "Hello?")
    page.get("feedback")[0].set_value(0)
    page.run()
    page.text_input("comment-1").set_value("It says nothing.")
    fine(page.run())
    [turn] = kept.turns(opened(page))
    assert (turn.vote, turn.comment) == (0, "It says nothing.")


def test_an_interrupted_turn_can_be_asked_again(kept: Conversations) -> None:
    """A turn whose app was killed is called interrupted, and Retry answers it."""
    conversation_id = kept.create("How many survived?")
    kept.save(conversation_id, 1, TurnRecord("How many survived?", "some-model"))
    page = look(chat=conversation_id)
    assert "The app ended while this was being answered" in words(page)
    page.button("retry-1").click()
    assert "342" in words(fine(page.run()))


def test_a_long_conversation_draws_its_end_first(kept: Conversations) -> None:
    """Of 200 turns only the latest few are drawn; the earlier ones come when they are asked for."""
    conversation_id = kept.create("Long")
    for number in range(1, 201):
        record = TurnRecord(f"Question {number}?", "some-model", text=f"Answer {number}.", outcome="answered")
        kept.save(conversation_id, number, record)
    page = look(chat=conversation_id)
    assert len(page.chat_message) == 2 * DRAWN_TURNS
    assert "Answer 200." in words(page)
    page.button("earlier").click()
    fine(page.run())
    assert len(page.chat_message) > 2 * DRAWN_TURNS


def test_conversations_are_listed_renamed_and_deleted(kept: Conversations) -> None:
    """From elsewhere the list has what this session opened; titles change; deleting wants a second click."""
    first, foreign = kept.create("About ages"), kept.create("Of somebody else")
    kept.save(first, 1, TurnRecord("About ages", "m", text="Old.", outcome="answered"))
    page = look(chat=first)
    page.button("new-chat").click()
    page.run()
    assert f"open-{foreign}" not in [button.key for button in page.button]
    page.button(f"open-{first}").click()
    fine(page.run())
    assert "Old." in words(page)
    page.text_input(f"title-{first}").set_value("All about ages")
    page.run()
    assert [each.title for each in kept.find("ages")] == ["All about ages"]
    assert page.button("delete").disabled
    page.checkbox(f"sure-{first}").set_value(True)
    page.run()
    page.button("delete").click()
    fine(page.run())
    assert kept.find("ages") == []
    assert "chat" not in page.query_params
