"""Conversations are kept whole, in their own file, and a turn lives and ends whatever happens to its tab."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llm_agent import events
from llm_agent.conversation_export import as_evaluation_questions, as_json, as_markdown
from llm_agent.conversations import Conversations, ConversationsUnavailable, KeptTurn
from llm_agent.grounding import check_figures
from llm_agent.live_turns import LiveTurn, LiveTurns
from llm_agent.query_result import QueryResult
from llm_agent.turn_record import KEPT_CELL_CHARACTERS, KEPT_ROWS, TurnRecord
from tests.waiting import wait_for

RESULT = QueryResult(("sex", "n"), (("female", 314), ("male", None)), False, 0.002)
SAID = "There were 314 women and 99 cats."


def whole_turn() -> list[events.Event]:
    """Every kind of event, as a turn with one query gives them."""
    figures = check_figures(SAID, "How many women?", {1: RESULT})
    return [
        events.RoundStarted(1),
        events.Thinking("I should count."),
        events.QueryStarted(1, "SELECT sexe", "Count by sexe"),
        events.QueryError(1, "SELECT sexe", "Count by sexe", "no such column", is_refused=False),
        events.QueryStarted(2, "SELECT sex, COUNT(*) AS n", "Count by sex"),
        events.QueryDone(2, "SELECT sex, COUNT(*) AS n", "Count by sex", RESULT),
        events.ChartReady(2, {"kind": "bar", "x": "sex", "y": "n", "colour": None, "title": ""}),
        events.AnswerDelta("Let me"),
        events.AnswerWithdrawn("The model went on."),
        events.Waiting(3, "The rate limit was reached"),
        events.AnswerDelta("There were 314 women "),
        events.AnswerDelta("and 99 cats."),
        events.Checked(figures),
        events.Notice("One figure stands in no result."),
        events.Usage(2, 2, 900, 40, 1.5),
        events.Done("answered", SAID, ({"role": "user", "content": "How many women?"},)),
    ]


def recorded(*happened: events.Event) -> TurnRecord:
    """A record that took in these events, or a whole turn."""
    record = TurnRecord("How many women?", "test-model")
    for event in happened or whole_turn():
        record.apply(event)
    return record


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    """Conversations in a file of a folder that is not there yet."""
    return Conversations(tmp_path / "new" / "chats.sqlite")


def test_a_turn_comes_back_as_it_was_kept(kept: Conversations) -> None:
    """Text, queries, errors, results, charts, figures, costs and messages survive the file."""
    record = recorded()
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 1, record)
    [turn] = kept.turns(conversation_id)
    assert turn == KeptTurn(1, record)
    assert turn.record.text == SAID
    assert [query.error for query in turn.record.queries] == ["no such column", ""]
    assert turn.record.queries[1].result == RESULT
    assert [figure.status for figure in turn.record.figures] == ["cell", "unmatched"]
    assert turn.record.waiting is None


def test_text_that_was_withdrawn_is_gone(kept: Conversations) -> None:
    """After the model went on, only the final text stands; that something was withdrawn is told."""
    record = recorded()
    assert record.text == SAID
    assert record.withdrawn == ["The model went on."]


def test_rows_and_cells_are_capped() -> None:
    """A result of thousands of rows and huge cells is kept in part, and says so."""
    huge = QueryResult(("x",), tuple(("y" * 5_000,) for _ in range(KEPT_ROWS + 5)), False, 0.1)
    record = recorded(events.QueryDone(1, "SELECT x", "All", huge))
    result = record.queries[0].result
    assert result is not None
    assert len(result.rows) == KEPT_ROWS
    assert len(str(result.rows[0][0])) == KEPT_CELL_CHARACTERS + 1
    assert result.truncated
    assert result.cells_cut


def test_ids_cannot_be_guessed(kept: Conversations) -> None:
    """Ids are long, random and all different."""
    ids = {kept.create("Same question") for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 22


def test_only_its_owner_can_read_the_file(kept: Conversations, tmp_path: Path) -> None:
    """Other users of the machine cannot read the conversations."""
    kept.create("Mine")
    assert stat.S_IMODE((tmp_path / "new" / "chats.sqlite").stat().st_mode) == 0o600


def test_search_reads_titles_questions_and_answers(kept: Conversations) -> None:
    """All words must occur, in any order; signs of LIKE are letters; the latest comes first."""
    first, second = kept.create("About 100% of them"), kept.create("Ports")
    kept.save(second, 1, recorded())
    assert [each.id for each in kept.find()] == [second, first]
    assert [each.id for each in kept.find("cats women")] == [second]
    assert [each.id for each in kept.find("100%")] == [first]
    assert kept.find("_____________________________") == []
    assert [each.id for each in kept.find(only=[first])] == [first]
    assert kept.find(only=[]) == []


def test_renaming_keeps_a_title(kept: Conversations) -> None:
    """A new title replaces the old one, an empty one does not, a long one is cut."""
    conversation_id = kept.create("Old")
    kept.rename(conversation_id, "  New \n title ")
    kept.rename(conversation_id, "   ")
    assert [each.title for each in kept.find()] == ["New title"]
    kept.rename(conversation_id, "word " * 50)
    assert len(kept.find()[0].title) <= 61


def test_deleting_leaves_no_trace(kept: Conversations, tmp_path: Path) -> None:
    """What was said is gone from the file's bytes, and a turn that still ends writes nothing anew."""
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 1, recorded())
    kept.delete(conversation_id)
    kept.save(conversation_id, 1, recorded())
    assert kept.turns(conversation_id) == []
    assert kept.get(conversation_id) is None
    assert b"99 cats" not in (tmp_path / "new" / "chats.sqlite").read_bytes()


def test_votes_are_kept_and_replaced(kept: Conversations) -> None:
    """A vote stands beside its turn until the question is asked anew."""
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 1, recorded())
    kept.vote(conversation_id, 1, 0, " wrong cats ")
    kept.save(conversation_id, 1, recorded())
    [turn] = kept.turns(conversation_id)
    assert (turn.vote, turn.comment) == (0, "wrong cats")
    kept.drop_from(conversation_id, 1)
    kept.save(conversation_id, 1, recorded())
    assert kept.turns(conversation_id)[0].vote is None


def test_history_is_what_the_model_saw(kept: Conversations) -> None:
    """Question and messages of the finished turns, in their order; a turn without messages is left out."""
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 2, recorded())
    kept.save(conversation_id, 1, TurnRecord("Never answered", "test-model"))
    kept.save(conversation_id, 3, recorded())
    messages = ({"role": "user", "content": "How many women?"},)
    assert kept.history(conversation_id) == [("How many women?", messages)] * 2


def test_a_record_of_an_older_version_can_be_read() -> None:
    """Fields that are missing or unknown do not make a conversation unreadable."""
    old = {"question": "Q", "model": "m", "text": "A", "outcome": "answered", "mood": "good"}
    assert TurnRecord.from_json(old).text == "A"


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, None])
def test_a_file_that_cannot_be_used_is_told_in_words(tmp_path: Path, content: bytes | None) -> None:
    """A damaged file, or a folder in its place, gives cause and remedy without the path."""
    path = tmp_path / "chats.sqlite"
    path.write_bytes(content) if content else path.mkdir()
    with pytest.raises(ConversationsUnavailable) as caught:
        Conversations(path).create("Hello")
    assert "CHAT_DB" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_many_write_at_once(kept: Conversations) -> None:
    """Twenty sessions that save at the same time all succeed."""

    def talk(number: int) -> str:
        conversation_id = kept.create(f"Question {number}")
        for turn in range(1, 4):
            kept.save(conversation_id, turn, recorded())
        return conversation_id

    with ThreadPoolExecutor(20) as pool:
        ids = list(pool.map(talk, range(20)))
    assert all(len(kept.turns(each)) == 3 for each in ids)


def test_markdown_has_sql_and_results_and_no_live_markup(kept: Conversations) -> None:
    """The export holds question, SQL, rows and votes; images and tags of a model are letters in it."""
    record = recorded()
    record.text = "![x](http://evil.example/leak) <script>alert(1)</script>"
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 1, record)
    kept.vote(conversation_id, 1, 1, "nice")
    conversation = kept.get(conversation_id)
    assert conversation
    text = as_markdown(conversation, kept.turns(conversation_id))
    assert "```sql\nSELECT sex, COUNT(*) AS n\n```" in text
    assert "| female | 314 |" in text
    assert "| male | *unknown* |" in text
    assert "Vote: good. nice" in text
    assert "![x](" not in text
    assert "<script>" not in text.replace("\\<", "")


def test_json_has_everything_but_the_id(kept: Conversations) -> None:
    """The JSON export can be read back, and whoever gets it cannot open the conversation with it."""
    conversation_id = kept.create("How many women?")
    kept.save(conversation_id, 1, recorded())
    conversation = kept.get(conversation_id)
    assert conversation
    text = as_json(conversation, kept.turns(conversation_id))
    assert TurnRecord.from_json(json.loads(text)["turns"][0]) == recorded()
    assert conversation_id not in text


def test_votes_become_evaluation_questions() -> None:
    """Each voted answer is a line of JSON with question, history, SQL and rows; others are none."""
    lines = as_evaluation_questions([KeptTurn(1, recorded()), KeptTurn(2, recorded(), 0, "cats")])
    [question] = [json.loads(line) for line in lines.splitlines()]
    assert question["question"] == "How many women?"
    assert question["history"] == ["How many women?"]
    assert question["sql"] == "SELECT sex, COUNT(*) AS n"
    assert question["rows"] == [["female", 314], ["male", None]]
    assert (question["vote"], question["comment"]) == ("bad", "cats")


@pytest.fixture
def live(kept: Conversations) -> LiveTurns:
    """No turn under way yet."""
    return LiveTurns(kept)


class Held:
    """An agent that says one word, then waits for `go` or the stop; deaf to the stop if told so."""

    def __init__(self, *, is_deaf: bool = False) -> None:
        self.go = threading.Event()
        self.is_deaf = is_deaf

    def __call__(self, stop: threading.Event) -> Iterator[events.Event]:
        """The events."""
        yield events.AnswerDelta("There ")
        wait_for(lambda: self.go.is_set() or (stop.is_set() and not self.is_deaf), 20)
        outcome: events.Outcome = "stopped" if stop.is_set() else "answered"
        yield events.Done(outcome, "There were 314.", ())


def test_a_turn_outlives_whoever_asked(kept: Conversations, live: LiveTurns) -> None:
    """Nobody watches, and still the turn is kept to its end; two who watch see the same."""
    conversation_id, agent = kept.create("Q"), Held()
    assert live.start(conversation_id, 1, TurnRecord("Q", "m"), agent)
    turn = live.get(conversation_id)
    assert turn
    wait_for(lambda: turn.snapshot().text == "There ")
    assert kept.turns(conversation_id)[0].record.is_going_on
    agent.go.set()
    wait_for(lambda: live.get(conversation_id) is None)
    assert kept.turns(conversation_id)[0].record.text == "There were 314."


def test_a_conversation_has_one_turn_at_a_time(kept: Conversations, live: LiveTurns) -> None:
    """A second question while one is being answered does not start a second turn."""
    conversation_id, agent = kept.create("Q"), Held()
    assert live.start(conversation_id, 1, TurnRecord("Q", "m"), agent)
    assert not live.start(conversation_id, 2, TurnRecord("Again", "m"), agent)
    agent.go.set()
    wait_for(lambda: live.get(conversation_id) is None)


def test_stop_keeps_the_partial_answer(kept: Conversations, live: LiveTurns) -> None:
    """A stopped turn ends, as stopped, with what was said until then."""
    conversation_id = kept.create("Q")
    live.start(conversation_id, 1, TurnRecord("Q", "m"), Held())
    live.stop(conversation_id)
    wait_for(lambda: live.get(conversation_id) is None)
    record = kept.turns(conversation_id)[0].record
    assert record.outcome == "stopped"
    assert record.text.startswith("There")


def test_a_turn_that_hears_no_stop_is_let_go(kept: Conversations, live: LiveTurns) -> None:
    """Even when the agent does not end, the page gets its turn back, and what comes later changes nothing."""
    conversation_id, agent = kept.create("Q"), Held(is_deaf=True)
    live.start(conversation_id, 1, TurnRecord("Q", "m"), agent)
    turn = live.get(conversation_id)
    assert turn
    wait_for(lambda: turn.snapshot().text == "There ")
    live.stop(conversation_id)
    wait_for(lambda: live.get(conversation_id) is None)
    agent.go.set()
    turn.join(10)
    assert kept.turns(conversation_id)[0].record.text == "There "


def test_a_mistake_of_the_app_ends_in_words(kept: Conversations, live: LiveTurns) -> None:
    """An exception that nobody expected becomes a failure that the page can show; the text of it does not."""

    def broken(_stop: threading.Event) -> Iterator[events.Event]:
        yield events.AnswerDelta("There ")
        raise RuntimeError("secret detail")

    conversation_id = kept.create("Q")
    live.start(conversation_id, 1, TurnRecord("Q", "m"), broken)
    wait_for(lambda: live.get(conversation_id) is None)
    record = kept.turns(conversation_id)[0].record
    assert record.outcome == "failed"
    assert record.failure
    assert "secret" not in json.dumps(record.as_json())


def test_news_wakes_those_who_wait() -> None:
    """A watcher sleeps until something happens, and is told at once that the turn is over."""
    agent = Held()
    turn = LiveTurn(1, TurnRecord("Q", "m"), agent, lambda _record: None)
    seen = turn.version
    turn.start()
    assert turn.wait_for_news(seen, timeout=10) > seen
    agent.go.set()
    turn.join(10)
    assert turn.wait_for_news(turn.version, timeout=10) == turn.version
    assert turn.is_over


def test_the_file_has_nothing_of_the_connection(kept: Conversations, tmp_path: Path) -> None:
    """The tables have no place for a key or an address."""
    kept.create("Q")
    with sqlite3.connect(tmp_path / "new" / "chats.sqlite") as connection:
        columns = {
            row[0]
            for row in connection.execute(
                "SELECT c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c"
            )
        }
    assert columns == {
        "id", "title", "created_at", "updated_at", "conversation_id", "number", "record", "vote", "comment",
    }  # fmt: skip
