"""What the agent costs over the bare client: how much later the first word comes, for each round of a turn.

    python benchmarks/bench_agent.py [--runs 60]

Both ask the same server on 127.0.0.1 (tests/llm_server.py), which answers at once, so what differs is ours:
the budget, the events, the thread that can be stopped, the guarded query. The contender is the openai client
in a plain loop with plain sqlite3, which sends the same prompt and history. Both take turns; differences are
those of such pairs.
"""
# ruff: noqa: T201 - a benchmark prints its results

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import openai

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data_pipeline.plain_pipeline import run_plain  # noqa: E402
from llm_agent.agent import Agent  # noqa: E402
from llm_agent.events import AnswerDelta  # noqa: E402
from llm_agent.model import OpenAIChatModel  # noqa: E402
from llm_agent.prompt import TOOLS, system_prompt  # noqa: E402
from llm_agent.readonly_sql import run_select  # noqa: E402
from llm_agent.turn import Turn  # noqa: E402
from llm_agent.turns.answer_check import check_answer  # noqa: E402
from tests.llm_server import Answer, LlmServer, text, tool_call  # noqa: E402

COUNT = "SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex"
ANSWER = "Of the 891 passengers 314 were women (35.2 %) and 577 were men (64.8 %)."
GOAL_MS = 30.0
WARM_UP = 5


def script(body: dict[str, Any]) -> Answer:
    """A query first where one is asked for, then words."""
    wants_query = "query" in body["messages"][-1]["content"]
    is_first = body["messages"][-1]["role"] == "user"
    return (
        tool_call("run_sql", sql=COUNT, purpose="By sex") if wants_query and is_first else text("Some words.")
    )


def bare_first_word(client: openai.OpenAI, question: str, before: list[Any], database: Path) -> float:
    """Seconds until the first word with nothing but the client, a loop and plain sqlite3."""
    started = time.perf_counter()
    messages: list[Any] = [*before, {"role": "user", "content": question}]
    while True:
        call = {"id": "", "name": "", "arguments": ""}
        stream: Any = client.chat.completions.create(
            model="test-model",
            messages=messages,
            stream=True,
            tools=list(TOOLS),  # type: ignore[arg-type]
        )
        for chunk in stream:
            for piece in chunk.choices[0].delta.tool_calls or ():
                call["id"] = piece.id or call["id"]
                call["name"] = piece.function.name or call["name"]
                call["arguments"] += piece.function.arguments or ""
            if chunk.choices[0].delta.content:
                seconds = time.perf_counter() - started
                stream.close()
                return seconds
        messages += answered(call, database)


def answered(call: dict[str, str], database: Path) -> list[dict[str, Any]]:
    """The call and its result as messages, without any guard."""
    function = {"name": call["name"], "arguments": call["arguments"]}
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        rows = connection.execute(json.loads(call["arguments"])["sql"]).fetchall()
    calls = [{"id": call["id"], "type": "function", "function": function}]
    return [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(rows)},
    ]


def agent_first_word(agent: Agent, question: str, history: list[Turn]) -> float:
    """Seconds until the first word of the answer, as an event of the agent."""
    started = time.perf_counter()
    seconds = 0.0
    for event in agent.answer(question, history):
        if isinstance(event, AnswerDelta) and not seconds:
            seconds = time.perf_counter() - started
    return seconds


def compare(name: str, rounds: int, bare: Callable[[], float], ours: Callable[[], float], runs: int) -> None:
    """One line of the table; the difference is that of pairs, for each round."""
    for _ in range(WARM_UP):
        bare(), ours()
    pairs = [(bare() * 1000, ours() * 1000) for _ in range(runs)]
    later = median((mine - theirs) / rounds for theirs, mine in pairs)
    theirs, mine = (median(side) for side in zip(*pairs, strict=True))
    reached = "yes" if later <= GOAL_MS else "no"
    print(f"| {name} | {rounds} | {theirs:.1f} | {mine:.1f} | {later:.1f} | {reached} |")


def check_cost(database: Path) -> None:
    """What checking the figures of an answer costs once it is complete."""
    result = {1: run_select(COUNT, database)}
    times = []
    for _ in range(50):
        started = time.perf_counter()
        verdict = check_answer(ANSWER, "How many women?", (), result, {1: COUNT})
        times.append((time.perf_counter() - started) * 1000)
    print(f"\nChecking the {len(verdict.figures)} figures of an answer: median {median(times):.1f} ms.")


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=60)
    runs = arguments.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, LlmServer(script) as server:
        database = Path(folder) / "titanic.sqlite"
        run_plain("snapshot", database)
        client = openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0)
        agent = Agent(OpenAIChatModel(server.base_url, server.model, "key"), database)
        system = {"role": "system", "content": system_prompt(database)}
        turns: list[Turn] = []
        for _ in range(20):
            *_, done = agent.answer("a query", turns)
            turns.append(Turn("a query", done.messages))  # type: ignore[union-attr]
        print("| until the first word | rounds | bare ms | agent ms | later a round, ms | <= 30 |")
        print("|---|--:|--:|--:|--:|---|")
        for name, question, rounds, history in (
            ("words only", "Hello", 1, []),
            ("one query, then words", "a query", 2, []),
            ("words only, after 20 turns", "Hello", 1, turns),
        ):
            before = [system, *(message for turn in history for message in turn.messages)]
            compare(
                name, rounds,
                partial(bare_first_word, client, question, before, database),
                partial(agent_first_word, agent, question, history),
                runs,
            )  # fmt: skip
        check_cost(database)
        client.close()


if __name__ == "__main__":
    main()
