"""Everything the agent layer can refuse or fail at, as one tree of exceptions.

Each carries two sentences: the cause (what was received, what was expected) and the remedy (what to do
next). A model or a person reads them as they are, so neither may hold a secret or the path of a folder.
"""

from __future__ import annotations


class AgentError(Exception):
    """The root: `cause` and `remedy` are sentences, `str()` gives both.

    >>> str(QueryRefused("DROP is not allowed.", "Ask with SELECT."))
    'DROP is not allowed. Ask with SELECT.'
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause} {self.remedy}"


class QueryRefused(AgentError):
    """The guard does not allow this statement, whatever the data; nothing of it ran."""


class QueryFailed(AgentError):
    """The statement is allowed but gave no result: a mistake in it, too costly, or no data to read."""
