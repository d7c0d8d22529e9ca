"""A turn while it goes on: what happens, the answer as it grows, and Stop.

Drawn in a loop that sleeps until there is news; every click ends the loop, and the next run of the page
takes it up again, because the turn itself goes on in its own thread.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import streamlit as st

from llm_agent.live_turns import LiveTurn, LiveTurns
from llm_agent.turn_record import QueryRecord, TurnRecord
from llm_agent.turns.turn_limits import MAX_QUERIES
from pages._answer_html import answer_html
from pages._plain_label import label

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

REST_S: Final = 0.07
"""Pause between two drawings: a fast model sends more pieces than anybody can see."""
CLOCK_S: Final = 0.5
"""The seconds are drawn this often, also while the model is silent; a click is heard as often."""
PURPOSE_CHARACTERS: Final = 120
CARET: Final = '<span class="caret" aria-hidden="true"></span>'


def watch(turn: LiveTurn, live: LiveTurns, conversation_id: str) -> None:
    """Draw the turn until it is over; then have the page drawn with the finished answer."""
    with st.container(horizontal=True, vertical_alignment="center", key="live"):
        status = st.empty()
        st.space("stretch")
        st.button(
            "Stopping…" if turn.stop.is_set() else "Stop",
            key="stop",
            icon=":material/stop_circle:",
            disabled=turn.stop.is_set(),
            on_click=live.stop,
            args=(conversation_id,),
        )
    steps, answer = st.empty(), st.empty()
    seen, drawn_steps, drawn_text = -1, None, ""
    while not turn.is_over:
        seen, record = turn.version, turn.snapshot()
        status.caption(f"{now_in_words(record)} · {turn.seconds:.0f} s")
        if (now := _steps_seen(record)) != drawn_steps:
            drawn_steps = now
            _draw_steps(record, steps)
        if record.text != drawn_text:
            drawn_text = record.text
            answer.html(_with_caret(answer_html(record.text)))
        time.sleep(REST_S)
        turn.wait_for_news(seen, CLOCK_S)
    st.rerun()


def now_in_words(record: TurnRecord) -> str:
    """What is going on, in one phrase for people; model text in it is escaped."""
    if record.waiting:
        return (
            f":material/hourglass_top: {label(record.waiting.reason)}: asking again in "
            f"{record.waiting.seconds} s"
        )
    running = next((query for query in record.queries if is_running(query)), None)
    if running:
        return (
            f":material/database_search: {purpose_of(running)}… · query {running.number} of at most "
            f"{MAX_QUERIES}"
        )
    if record.text:
        return ":material/edit_note: Answering"
    if record.queries:
        return f":material/neurology: Reading the result of query {record.queries[-1].number}"
    return ":material/neurology: Thinking about the question"


def is_running(query: QueryRecord) -> bool:
    """True until the query has a result or an error."""
    return query.result is None and not query.error


def purpose_of(query: QueryRecord) -> str:
    """What the query is for, short and escaped for Markdown."""
    text = query.purpose
    return label(text if len(text) <= PURPOSE_CHARACTERS else f"{text[:PURPOSE_CHARACTERS]}…")


def _steps_seen(record: TurnRecord) -> list[tuple[int, bool, bool]]:
    return [(query.number, query.result is not None, bool(query.error)) for query in record.queries]


def _draw_steps(record: TurnRecord, place: DeltaGenerator) -> None:
    with place.container(gap=None):
        for query in record.queries:
            show_step(query)


def show_step(query: QueryRecord) -> None:
    """A query as a step of a timeline: its purpose, and inside it the SQL and what came of it."""
    icon = "spinner" if is_running(query) else step_icon(query)
    with st.expander(purpose_of(query), type="step", icon=icon):
        st.code(query.sql, language="sql", wrap_lines=True)
        if query.error:
            st.caption(label(query.error))
        elif query.result:
            st.caption(f"{len(query.result.rows):,} rows")


def step_icon(query: QueryRecord) -> str:
    """A sign for how the query ended."""
    if query.is_refused:
        return ":material/block:"
    return ":material/error:" if query.error else ":material/check_circle:"


def _with_caret(html: str) -> str:
    """The caret behind the last letter, inside the last paragraph where there is one."""
    for end in ("</p></div>", "</div>"):
        if html.endswith(end):
            return f"{html.removesuffix(end)}{CARET}{end}"
    return html
