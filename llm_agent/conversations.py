"""Conversations in a SQLite file of their own, `CHAT_DB`: questions, answers, results, and votes.

Whoever knows the id of a conversation can read it, so ids are random and never counted up. No key and no
address of a model is ever handed to this module. Each call opens the file anew: threads, tabs and several
apps can share it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from llm_agent.errors import AgentError
from llm_agent.turn_record import TurnRecord

ID_BYTES: Final = 16
TITLE_CHARACTERS: Final = 60
COMMENT_CHARACTERS: Final = 2_000
LISTED: Final = 50
"""Conversations that a list shows at most; a search reaches the others."""
BUSY_S: Final = 10.0
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS conversation (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS turn (
  conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  number INTEGER NOT NULL, record TEXT NOT NULL, vote INTEGER, comment TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (conversation_id, number)
) STRICT;
"""
SPOKEN: Final = (
    "SELECT coalesce(group_concat(record ->> '$.question' || ' ' || (record ->> '$.text'), ' '), '') "
    "FROM turn WHERE conversation_id = c.id"
)
"""All that was asked and answered in the conversation `c`, for a search."""


class ConversationsUnavailable(AgentError):
    """The file of the conversations cannot be read or written."""


@dataclass(frozen=True)
class Conversation:
    """What a list shows of a conversation; times are UTC in ISO 8601."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: int


@dataclass(frozen=True)
class KeptTurn:
    """A turn with its number (from 1 on), the vote (1 good, 0 bad, None not given) and a comment."""

    number: int
    record: TurnRecord
    vote: int | None = None
    comment: str = ""


class Conversations:
    """The conversations of one file; every method raises `ConversationsUnavailable` where it fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, first_question: str) -> str:
        """The id of a new conversation, named after its first question."""
        conversation_id, now = secrets.token_urlsafe(ID_BYTES), _now()
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO conversation VALUES (?, ?, ?, ?)",
                (conversation_id, title_of(first_question), now, now),
            )
        return conversation_id

    def find(self, words: str = "", only: Sequence[str] | None = None) -> list[Conversation]:
        """Those whose title, questions or answers hold all of these words, the latest first.

        `only` restricts the list to these ids; None lists all of the file.
        """
        conditions = [f"(c.title || ' ' || ({SPOKEN})) LIKE ? ESCAPE '\\'" for _ in words.split()]
        values: list[Any] = [f"%{_like(word)}%" for word in words.split()]
        if only is not None:
            conditions.append("c.id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(only)))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = (
            "SELECT c.id, c.title, c.created_at, c.updated_at, "
            f"(SELECT count(*) FROM turn WHERE conversation_id = c.id) FROM conversation AS c {where} "
            f"ORDER BY c.updated_at DESC, c.rowid DESC LIMIT {LISTED}"
        )
        with self._connection() as connection:
            return [Conversation(*row) for row in connection.execute(query, values)]

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id, None where there is none."""
        query = (
            "SELECT id, title, created_at, updated_at, "
            "(SELECT count(*) FROM turn WHERE conversation_id = id) FROM conversation WHERE id = ?"
        )
        with self._connection() as connection:
            row = connection.execute(query, (conversation_id,)).fetchone()
        return Conversation(*row) if row else None

    def turns(self, conversation_id: str, last: int | None = None) -> list[KeptTurn]:
        """Its turns in their order, only the `last` ones if a number is given."""
        query = (
            "SELECT number, record, vote, comment FROM turn WHERE conversation_id = ? "
            "ORDER BY number DESC LIMIT ?"
        )
        with self._connection() as connection:
            rows = connection.execute(query, (conversation_id, -1 if last is None else last)).fetchall()
        return [KeptTurn(n, _record(text), vote, comment) for n, text, vote, comment in reversed(rows)]

    def history(self, conversation_id: str) -> list[tuple[str, tuple[dict[str, Any], ...]]]:
        """Question and messages of each turn, for a model to go on from."""
        query = (
            "SELECT record ->> '$.question', record -> '$.messages' FROM turn WHERE conversation_id = ? "
            "ORDER BY number"
        )
        with self._connection() as connection:
            rows = connection.execute(query, (conversation_id,)).fetchall()
        return [(question, tuple(json.loads(messages))) for question, messages in rows if messages != "[]"]

    def save(self, conversation_id: str, number: int, record: TurnRecord) -> None:
        """Keep a turn under its number, in place of what stood there; does nothing once it is deleted."""
        text = json.dumps(record.as_json(), ensure_ascii=False)
        with self._connection() as connection:
            known = connection.execute(
                "UPDATE conversation SET updated_at = ? WHERE id = ?", (_now(), conversation_id)
            )
            if known.rowcount:
                connection.execute(
                    "INSERT INTO turn (conversation_id, number, record) VALUES (?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET record = excluded.record",
                    (conversation_id, number, text),
                )

    def drop_from(self, conversation_id: str, number: int) -> None:
        """Forget this turn and all after it, because its question is asked anew."""
        with self._connection() as connection:
            connection.execute(
                "DELETE FROM turn WHERE conversation_id = ? AND number >= ?", (conversation_id, number)
            )

    def vote(self, conversation_id: str, number: int, vote: int | None, comment: str = "") -> None:
        """Keep what a person thinks of an answer: 1 good, 0 bad, None no longer anything."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE turn SET vote = ?, comment = ? WHERE conversation_id = ? AND number = ?",
                (vote, comment.strip()[:COMMENT_CHARACTERS], conversation_id, number),
            )

    def rename(self, conversation_id: str, title: str) -> None:
        """Give it another title; an empty one changes nothing."""
        if title := title_of(title):
            with self._connection() as connection:
                connection.execute("UPDATE conversation SET title = ? WHERE id = ?", (title, conversation_id))

    def delete(self, conversation_id: str) -> None:
        """Forget the conversation; what it said is overwritten in the file."""
        with self._connection() as connection:
            connection.execute("DELETE FROM conversation WHERE id = ?", (conversation_id,))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the file, which is made where there is none."""
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch(mode=0o600)  # others on this machine cannot read it; its journals inherit it
            with closing(sqlite3.connect(self._path, timeout=BUSY_S)) as connection:
                if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'turn'").fetchone():
                    connection.executescript(SCHEMA)
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                with connection:
                    yield connection
        except (sqlite3.Error, OSError, ValueError) as error:
            raise ConversationsUnavailable(
                f"The conversations cannot be kept or read ({type(error).__name__}).",
                "Set CHAT_DB to a file that can be written, or remove the damaged one.",
            ) from error


def title_of(question: str) -> str:
    """The question on one line, cut at a word where it is long."""
    line = " ".join(question.split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _record(text: str) -> TurnRecord:
    return TurnRecord.from_json(json.loads(text))


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
