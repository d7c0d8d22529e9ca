"""What of earlier turns is sent again: as much as fits, rows being dropped before turns.

A question and its answer are what follow-ups need; rows can be queried again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from llm_agent.stream import Message
from llm_agent.turn import Turn

CHARS_PER_TOKEN = 4
"""A rule of thumb for English and SQL; tokenizers differ, and the budget leaves room for that."""
TOKEN_BUDGET = 24_000
"""Tokens of one request: small beside hosted models, and what a local one with a 32k window can read."""
ROWS_DROPPED = json.dumps({"note": "rows dropped"})


def estimate_tokens(messages: Iterable[Message]) -> int:
    """About how many tokens the messages are."""
    return sum(len(json.dumps(message, ensure_ascii=False)) for message in messages) // CHARS_PER_TOKEN


def messages_that_fit(history: Sequence[Turn], current: Sequence[Message], budget: int) -> list[Message]:
    """Earlier turns' messages, then the current turn's, in at most `budget` tokens as far as that can be.

    First the rows of the oldest turns go, then the oldest turns, at last the rows of the current turn's
    older queries. Its question and its newest result always stay.
    """
    turns: list[list[Message]] = [list(turn.messages) for turn in history]
    sizes = [estimate_tokens(turn) for turn in turns]
    room = budget - estimate_tokens(current)
    for index, turn in enumerate(turns):
        if sum(sizes) <= room:
            break
        turns[index] = [_without_rows(message) for message in turn]
        sizes[index] = estimate_tokens(turns[index])
    while turns and sum(sizes) > room:
        del turns[0], sizes[0]
    earlier = [message for turn in turns for message in turn]
    return [*earlier, *_with_fewer_rows(current, budget - sum(sizes))]


def _with_fewer_rows(current: Sequence[Message], room: int) -> list[Message]:
    """The current turn without the rows of its oldest queries; those of the newest one stay."""
    kept = list(current)
    newest = max((index for index, message in enumerate(kept) if message["role"] == "tool"), default=0)
    for index in range(newest):
        if estimate_tokens(kept) <= room:
            break
        kept[index] = _without_rows(kept[index])
    return kept


def _without_rows(message: Message) -> dict[str, Any]:
    if message["role"] != "tool" or len(message["content"]) <= len(ROWS_DROPPED):
        return dict(message)
    return {**message, "content": ROWS_DROPPED}
