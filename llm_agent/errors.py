"""Everything the agent layer can refuse or fail at, as one tree of exceptions.

Each carries two sentences: the cause (what was received, what was expected) and the remedy (what to do next).
Query errors are read by a model, which mends its query; model errors are read by a person, who changes a
setting. Neither may hold a key or the path of a folder.
"""

from __future__ import annotations


class AgentError(Exception):
    """The root: `cause` and `remedy` are sentences, `str()` gives both.

    >>> str(QueryFailed("no such column: sexe.", "Did you mean sex?"))
    'no such column: sexe. Did you mean sex?'
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause} {self.remedy}".strip()


class QueryRefused(AgentError):
    """A statement that is not allowed: it would change data or read something else than the table."""


class QueryFailed(AgentError):
    """A statement that is allowed and went wrong: an unknown column, a syntax error, too slow."""


class ChartRefused(AgentError):
    """A chart specification that does not fit the result it is to show."""


class ModelError(AgentError):
    """The model could not be asked or did not answer.

    `setting` names what to change, such as OPENAI_API_KEY, and is empty where no setting helps. `is_passing`
    says whether the same request may work in a moment.
    """

    def __init__(self, cause: str, remedy: str, *, setting: str = "", is_passing: bool = False) -> None:
        super().__init__(cause, remedy)
        self.setting = setting
        self.is_passing = is_passing


class ConversationTooLong(ModelError):
    """The request has more tokens than the model can read; a shorter one may work."""


class SettingsUnreadable(AgentError):
    """`.env`, `.streamlit/secrets.toml` or a variable of the environment cannot be read as settings."""
