"""Reading SQL just far enough: its tokens, its first word, its quoted names. Nothing here is a guard."""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"""
    (?P<text>   '(?:[^']|'')*+(?:'|\Z) )
  | (?P<quoted> "(?:[^"]|"")*+(?:"|\Z) )
  | (?P<other>  `(?:[^`]|``)*+(?:`|\Z) | \[[^\]]*+(?:\]|\Z) )
  | (?P<blank>  \s++ | --[^\n]*+ | /\*.*?(?:\*/|\Z) )
  | (?P<word>   [^\W\d][\w$]*+ )
  | (?P<rest>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
EXPLAIN = ("EXPLAIN", "QUERY", "PLAN")


def statement_word(sql: str) -> str:
    """The keyword that says what is done, in capitals: the first one, past comments and EXPLAIN QUERY PLAN.

    Where no word stands, it is the first character that is neither blank nor `;`; "" when there is none.
    """
    for token in TOKEN.finditer(sql):
        text = token.group().upper()
        if token.lastgroup == "blank" or text in (";", *EXPLAIN):
            continue
        return text if token.lastgroup == "word" else text[:1]
    return ""


def double_quoted_names(sql: str) -> list[str]:
    """What stands in double quotes, without them."""
    return [_unquoted(token) for token in TOKEN.finditer(sql) if token.lastgroup == "quoted"]


def with_strict_names(sql: str) -> str:
    """The same statement with `"name"` written as `` `name` ``.

    SQLite takes an unknown name in double quotes for text, so that `AVG("agee")` would be 0.0 instead of
    an error; in backticks it never does. (SQLITE_DBCONFIG_DQS_DML would do, but needs Python 3.12.)
    """
    return TOKEN.sub(_with_backticks, sql)


def _with_backticks(token: re.Match[str]) -> str:
    whole = token.group()
    if token.lastgroup != "quoted" or len(whole) < 2 or not whole.endswith('"'):
        return whole
    return f"`{_unquoted(token).replace('`', '``')}`"


def _unquoted(token: re.Match[str]) -> str:
    return token.group()[1:-1].replace('""', '"')
