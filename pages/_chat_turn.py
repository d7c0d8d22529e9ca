"""A finished turn: the question, the answer with its figures marked, its queries, what can be done now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from llm_agent.conversations import KeptTurn
from llm_agent.turn_record import QueryRecord, TurnRecord
from pages._answer_html import answer_html, plain_html
from pages._chat_card import show_card
from pages._chat_live import show_step
from pages._plain_label import label

PERSON, ASSISTANT = ":material/person:", ":material/sailing:"
INTERRUPTED = "The app ended while this was being answered."
MAX_QUESTION = 8_000
DRAWN_TURNS = 5
"""The latest turns are drawn; earlier ones once they are asked for, so that long conversations stay quick."""
MORE_TURNS = 10


@dataclass(frozen=True)
class TurnActions:
    """What the buttons of a turn do; each gets the number of the turn."""

    ask_again: Callable[[int, str], None]
    ask: Callable[[str], None]
    edit: Callable[[int | None], None]
    vote: Callable[[int, int | None, str], None]


def show_question(question: str) -> None:
    """A question as it was typed."""
    with st.chat_message("user", avatar=PERSON):
        st.html(plain_html(question))


def show_turn(
    turn: KeptTurn, database: Path, actions: TurnActions, *, is_last: bool, is_edited: bool
) -> None:
    """Draw the turn; the last one offers to go on from it."""
    if is_edited:
        show_editor(turn, actions)
    else:
        show_question(turn.record.question)
    with st.chat_message("assistant", avatar=ASSISTANT):
        show_answer(turn, database)
        show_end(turn, actions, is_last=is_last)
        show_actions(turn, actions, is_last=is_last)


def show_editor(turn: KeptTurn, actions: TurnActions) -> None:
    """The question in a field; asking it drops this answer and those after it."""
    with st.chat_message("user", avatar=PERSON):
        key = f"edited-{turn.number}"
        text = st.text_area("Your question", turn.record.question, key=key, max_chars=MAX_QUESTION)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Ask", key=f"ask-edited-{turn.number}", type="primary", icon=":material/send:"):
                actions.ask_again(turn.number, text)
                st.rerun()
            st.button(
                "Cancel",
                key=f"cancel-edit-{turn.number}",
                on_click=actions.edit,
                args=(None,),
                type="tertiary",
            )
            st.caption("This answer and those after it are replaced.")


def show_answer(turn: KeptTurn, database: Path) -> None:
    """Text, notices and cards; queries that the answer does not rest on are a click away."""
    record, anchor = turn.record, f"query-{turn.number}"
    if record.text:
        st.html(answer_html(record.text, record.figures, anchor))
    if record.asked_back and record.asked_back.strip() not in record.text:
        st.html(answer_html(record.asked_back))
    for notice in record.notices:
        st.caption(f":material/info: {label(notice)}")
    first, others = by_weight(record)
    for query in first:
        show_card(query, f"{anchor}-{query.number}", database)
    if others:
        with st.expander(
            f"{len(others)} more queries" if len(others) > 1 else "1 more query", type="compact"
        ):
            for query in others:
                show_card(query, f"{anchor}-{query.number}", database)


def by_weight(record: TurnRecord) -> tuple[list[QueryRecord], list[QueryRecord]]:
    """The queries that the text or a chart rests on, else the last one; and all others with a result."""
    cited = {figure.query for figure in record.figures}
    answered = record.answered_queries
    first = [query for query in answered if query.chart or query.number in cited] or answered[-1:]
    return first, [query for query in answered if query not in first]


def show_end(turn: KeptTurn, actions: TurnActions, *, is_last: bool) -> None:
    """How the turn ended, where that was not with an answer, and the way on."""
    record = turn.record
    if record.failure:
        failure = record.failure
        st.error(f"**{label(failure.cause)}** {label(failure.remedy)}", icon=":material/error:")
        if failure.setting:
            st.caption(
                f":material/settings: The setting to change: `{failure.setting}`, under **Connection** above "
                "for this session, or in `.env` for good."
            )
    elif record.outcome == "stopped":
        st.caption(":material/stop_circle: Stopped. What there was until then is kept.")
    elif record.outcome == "bounded":
        st.caption(":material/timer_off: The bounds of an answer were reached; it may be incomplete.")
    elif record.is_going_on:
        st.caption(f":material/power_off: {INTERRUPTED}")
    if is_last and can_retry(record):
        st.button(
            "Retry",
            key=f"retry-{turn.number}",
            icon=":material/refresh:",
            on_click=actions.ask_again,
            args=(turn.number, record.question),
        )
    if is_last and record.options:
        with st.container(horizontal=True, key="options"):
            for index, option in enumerate(record.options):
                st.button(label(option), key=f"option-{index}", on_click=actions.ask, args=(option,))


def can_retry(record: TurnRecord) -> bool:
    """True when the question is still without a whole answer."""
    return record.failure is not None or record.outcome in {"stopped", "failed", ""}


def show_actions(turn: KeptTurn, actions: TurnActions, *, is_last: bool) -> None:
    """One quiet line: thumbs, edit, ask again, and how this was answered.

    Only the last question is asked again by a click: answers after it would go without a word.
    """
    number, record = turn.number, turn.record
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        key = f"thumb-{number}"
        if turn.vote is not None:
            st.session_state.setdefault(key, turn.vote)
        st.feedback(
            "thumbs",
            key=key,
            on_change=lambda: actions.vote(number, st.session_state[key], turn.comment),
        )
        st.button(
            "Edit",
            key=f"edit-{number}",
            icon=":material/edit:",
            type="tertiary",
            help="Edit the question and ask again",
            on_click=actions.edit,
            args=(number,),
        )
        if is_last and not can_retry(record):
            st.button(
                "Again",
                key=f"again-{number}",
                icon=":material/refresh:",
                type="tertiary",
                help="Ask the same question again",
                on_click=actions.ask_again,
                args=(number, record.question),
            )
    if turn.vote is not None:
        comment = f"comment-{number}"
        st.text_input(
            "What was good or wrong?",
            turn.comment,
            key=comment,
            placeholder="What was good or wrong? Kept for the export of evaluation questions.",
            label_visibility="collapsed",
            on_change=lambda: actions.vote(number, turn.vote, st.session_state[comment]),
        )
    show_origin(turn)


def show_origin(turn: KeptTurn) -> None:
    """How this was answered: steps, figures, costs, the exact messages. Drawn once it is opened."""
    how = st.expander(
        "How was this answered?",
        type="compact",
        icon=":material/fact_check:",
        key=f"how-{turn.number}",
        on_change="rerun",
    )
    if not how.open:
        return
    with how:
        st.caption(label(cost_in_words(turn.record)))
        for query in turn.record.queries:
            show_step(query)
        for reason in turn.record.withdrawn:
            st.caption(f":material/undo: {label(reason)}")
        if turn.record.figures:
            st.dataframe(figures_table(turn.record), hide_index=True, alt="Each figure and where it stands")
        if turn.record.thoughts:
            st.caption("What the model thought aloud")
            st.code(turn.record.thoughts, language=None, wrap_lines=True, height=200)
        st.caption("The messages of this turn, exactly as the model saw and wrote them")
        messages = json.dumps(turn.record.messages, indent=2, ensure_ascii=False)
        st.code(messages, language="json", wrap_lines=True, height=300)


def cost_in_words(record: TurnRecord) -> str:
    """Model, rounds, queries, tokens and seconds of a turn."""
    if (usage := record.usage) is None:
        return f"{record.model}: no usage was reported."
    tokens = (
        f"{usage.tokens_in:,} tokens read and {usage.tokens_out:,} written"
        if usage.tokens_in
        else "tokens were not counted by the server"
    )
    return (
        f"{record.model}: {_count(usage.rounds, 'round')}, {_count(usage.queries, 'query')}, {tokens}, "
        f"{usage.seconds:.1f} s."
    )


def _count(number: int, noun: str) -> str:
    many = noun[:-1] + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


STATUS_WORDS = {
    "cell": "✓ stands in a result",
    "derived": "✓ follows from a result",
    "question": "○ was asked for",
    "unmatched": "⚠ stands in no result",
}


def figures_table(record: TurnRecord) -> list[dict[str, str]]:
    """A row for each figure of the answer: the figure, whether it was found, and where."""
    return [
        {"figure": figure.text, "check": STATUS_WORDS[figure.status], "how": figure.how}
        for figure in record.figures
    ]
