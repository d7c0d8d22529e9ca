"""How quickly the chat page shows what it hears: first words, long conversations, a full room.

    python benchmarks/bench_chat.py [--runs 15] [--sessions 20]

A real app and a real Chromium; the model is tests/llm_server.py on 127.0.0.1, or the demo model. Server and
browser share this machine's clock, so the way from a word on the wire to a word on the page can be timed.
The full room speaks Streamlit's protocol without browsers (asking_sessions.py): in a workshop each laptop
draws for itself, and twenty browsers on the server's machine would measure the browsers.
"""
# ruff: noqa: T201, S101 - a benchmark prints its results, and stops where it cannot measure

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from math import isnan
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data_pipeline.plain_pipeline import run_plain  # noqa: E402
from llm_agent.conversations import Conversations  # noqa: E402
from llm_agent.query_result import QueryResult  # noqa: E402
from llm_agent.turn_record import QueryRecord, TurnRecord  # noqa: E402
from tests.browser import IDLE, launch, running_app  # noqa: E402
from tests.llm_exchange import Exchange, Reply  # noqa: E402
from tests.llm_faults import slow  # noqa: E402
from tests.llm_server import LlmServer, text, tool_call  # noqa: E402

INPUT = '[data-testid="stChatInputTextArea"]'
LIMIT_MS = 60_000
PAUSE_S = 0.8
THOUGHT_S, WORD_S = 0.6, 1 / 30
PACED_ANSWER = (
    "There were 342 survivors among the passengers of the table, women far more often than men. " * 2
)
WATCH_FOR_THE_WORD = """word => { window.seenAt = null; const watcher = new MutationObserver(() => {
    const answers = [...document.querySelectorAll('.answer:not(.typed)')];
    if (!answers.some(each => each.textContent.includes(word))) return;
    window.seenAt = Date.now(); watcher.disconnect(); });
    watcher.observe(document.body, {subtree: true, childList: true, characterData: true}); }"""
TIME_A_RERUN = """async selector => {
    const app = document.querySelector('[data-testid="stApp"]'), started = performance.now();
    let wasRunning = false;
    const ended = new Promise(done => new MutationObserver(() => {
        const state = app.dataset.testScriptState;
        if (state === 'running') wasRunning = true;
        else if (state === 'notRunning' && wasRunning) done(performance.now());
    }).observe(app, {attributes: true}));
    document.querySelector(selector).click();
    return (await ended - started) / 1000; }"""


class TimedWord:
    """A reply that is silent for a moment, says one word, notes when, and is silent again before its end."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.sent_ms = 0.0

    def __call__(self, exchange: Exchange) -> None:
        """Send it."""
        exchange.start()
        exchange.delta({"role": "assistant", "content": ""})
        exchange.closing.wait(PAUSE_S)
        self.sent_ms = time.time() * 1000
        exchange.delta({"content": f"{self.word} "})
        exchange.closing.wait(PAUSE_S)
        exchange.delta({"content": "is all."})
        exchange.delta({}, "stop")
        exchange.end()


def at_a_models_pace(body: dict[str, Any]) -> Reply:
    """A query, then the answer, as fast as a hosted model of today: 0.6 s of thought, 30 pieces a second."""
    is_asked = "342" in str(body["messages"][-1]["content"])
    sql = "SELECT COUNT(*) AS survivors FROM titanic WHERE survived = 1"
    call = tool_call("run_sql", sql=sql, purpose="Survivors")
    reply = slow(text(PACED_ANSWER, piece=6), WORD_S) if is_asked else call

    def behave(exchange: Exchange) -> None:
        exchange.closing.wait(THOUGHT_S)
        reply(exchange)

    return behave


def first_words(page: Page, server: LlmServer, runs: int) -> list[float]:
    """Seconds from the first word of an answer on the wire to that word on the page."""
    seconds = []
    for number in range(1, runs + 1):
        reply = TimedWord("abcdefghijklmnopqrstuvwxyz"[number % 26] * 7)
        server.requests.clear()
        server.script = [reply]
        page.evaluate(WATCH_FOR_THE_WORD, reply.word)
        send(page, f"Question {number}?")
        page.wait_for_selector(f".st-key-how-{number}", timeout=LIMIT_MS)
        page.wait_for_selector(IDLE)
        seconds.append((page.evaluate("window.seenAt") - reply.sent_ms) / 1000)
    return seconds


def send(page: Page, question: str) -> None:
    """Type and press Enter."""
    page.fill(INPUT, question)
    page.press(INPUT, "Enter")


def long_conversation(kept: Conversations, turns: int) -> str:
    """The id of a conversation of so many turns, each with a query, a table and a chart."""
    result = QueryResult(("sex", "n"), (("female", 314), ("male", 577)), False, 0.001)
    chart = {"kind": "bar", "x": "sex", "y": "n", "colour": None, "title": "By sex"}
    sql = "SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex"
    conversation_id = kept.create(f"{turns} turns")
    for number in range(1, turns + 1):
        record = TurnRecord(
            f"Question {number}?", "some-model", outcome="answered", text="There were 314 women."
        )
        record.queries = [QueryRecord(1, sql, "Count by sex", result, chart=chart)]
        record.messages = ({"role": "user", "content": "x" * 2_000},)
        kept.save(conversation_id, number, record)
    return conversation_id


def reruns(page: Page, address: str, last: int, runs: int) -> list[float]:
    """Seconds of whole reruns in this conversation: open a question for editing, close it again."""
    page.goto(address)
    page.wait_for_selector(f".st-key-how-{last}", timeout=LIMIT_MS)
    page.wait_for_selector(IDLE)
    seconds = []
    for _ in range(runs):
        for name in (f"edit-{last}", f"cancel-edit-{last}"):
            page.wait_for_selector(f".st-key-{name} button")
            page.wait_for_timeout(300)
            seconds.append(page.evaluate(TIME_A_RERUN, f".st-key-{name} button"))
    return seconds


def answer_seconds(address: str, sessions: int) -> list[float]:
    """Seconds from the click to the right figure in each session, all clicked at once; fails without it."""
    command = [sys.executable, str(PROJECT / "benchmarks" / "asking_sessions.py"), address, str(sessions)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as others:
        assert others.stdin
        assert others.stdout
        assert others.stdout.readline() == "READY\n"
        others.stdin.write("ask\n")
        others.stdin.close()
        seconds = [float(each) for each in others.stdout.readline().split()]
    assert len(seconds) == sessions
    assert not any(map(isnan, seconds)), "a session was not answered rightly"
    return seconds


def browser_seconds(browser: Browser, address: str) -> float:
    """Seconds from the click to the right figure in a browser."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(".st-key-suggestion-0 button", timeout=LIMIT_MS)
        page.wait_for_selector(IDLE)
        page.evaluate(WATCH_FOR_THE_WORD, "342")
        clicked = page.evaluate(
            "() => { document.querySelector('.st-key-suggestion-0 button').click(); return Date.now(); }"
        )
        page.wait_for_selector(".st-key-how-1", timeout=LIMIT_MS)
        return float(page.evaluate("window.seenAt") - clicked) / 1000


def turn_seconds(kept: Conversations, latest: int) -> list[float]:
    """Seconds that the latest conversations' turns took on the server, without any browser."""
    records = [kept.turns(each.id)[0].record for each in kept.find()[:latest]]
    return [record.usage.seconds for record in records if record.usage]


def line(name: str, seconds: list[float], goal: str) -> str:
    """A line of the table in Markdown."""
    p95 = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return f"| {name} | {median(seconds):.3f} | {p95:.3f} | {max(seconds):.3f} | {goal} |"


def measure(browser: Browser, folder: Path, runs: int, sessions: int, say: Callable[[str], None]) -> None:
    """Start both apps and print a line for each thing that was timed."""
    table, chats = folder / "titanic.sqlite", folder / "chats.sqlite"
    run_plain("snapshot", table)
    base = {"TITANIC_DB": str(table), "CHAT_DB": str(chats), "PREFECT_HOME": str(folder / "prefect")}
    with LlmServer() as server:
        model = {"OPENAI_BASE_URL": server.base_url, "OPENAI_MODEL": server.model}
        with running_app({**base, **model}) as app:
            page = browser.new_page()
            page.goto(f"{app}/chat")
            page.wait_for_selector(INPUT, timeout=LIMIT_MS)
            say(
                line("first word on the wire to the page", first_words(page, server, runs), "median <= 0.150")
            )
            page.close()
            server.script = at_a_models_pace
            say_room(say, app, sessions, "a model at its pace")
    with running_app({**base, "OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}) as app:
        page = browser.new_page()
        kept = Conversations(chats)
        for turns in (1, 200):
            address = f"{app}/chat?chat={long_conversation(kept, turns)}"
            goal = "<= 0.5" if turns == 200 else ""
            say(line(f"rerun, conversation of {turns} turns", reruns(page, address, turns, runs), goal))
        page.close()
        in_browser = [browser_seconds(browser, f"{app}/chat") for _ in range(5)]
        say(line("click to the figure, a browser alone", in_browser, ""))
        say_room(say, app, sessions, "the demo model, which takes no time")
        say(line("the server's part of these: question to checked answer", turn_seconds(kept, sessions), ""))


def say_room(say: Callable[[str], None], app: str, sessions: int, model: str) -> None:
    """Print how long one session waits for the figure, and how long many that ask at once."""
    one = [seconds for _ in range(10) for seconds in answer_seconds(app, 1)]
    say(line(f"click to the figure, {model}, one session", one, ""))
    many = answer_seconds(app, sessions)
    say(line(f"click to the figure, {model}, {sessions} at once, all right", many, "p95 <= 3 x one"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    print("| what | median s | p95 | worst | goal |\n|---|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            sys.exit("no Chromium found")
        measure(browser, Path(folder), options.runs, options.sessions, lambda text: print(text, flush=True))


if __name__ == "__main__":
    main()
