"""Everything the data layer can refuse or fail at, as one tree of exceptions.

Each carries two sentences for people: the cause (what was received, what was expected) and the remedy
(what to do next). Pages and the command line print them as they are, so neither may hold a secret or
the path of a folder.
"""

from __future__ import annotations


class PipelineError(Exception):
    """The root: `cause` and `remedy` are sentences, `str()` gives both.

    >>> str(DataRefused("titanic.csv is empty.", "Download it again."))
    'titanic.csv is empty. Download it again.'
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause} {self.remedy}"


class SourceUnavailable(PipelineError):
    """A source gave no file. `retryable` says whether the same request may work in a moment.

    `retry_after` is the number of seconds that the source asked to wait (the Retry-After header), None
    when it asked for nothing.
    """

    def __init__(
        self, cause: str, remedy: str, *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(cause, remedy)
        self.retryable = retryable
        self.retry_after = retry_after


class DataRefused(PipelineError):
    """A file came, but it does not keep the contract of `table.py`; nothing of it was loaded."""


class PublishFailed(PipelineError):
    """The new table could not be written, checked or swapped in; the old one stands."""


class BuildInProgress(PipelineError):
    """Another build holds the table's lock."""


class BuildCancelled(PipelineError):
    """Somebody asked this build to stop; the old table stands."""


class TableUnavailable(PipelineError):
    """There is no table to read, or the file is damaged or of another shape."""


class CodeUnreadable(PipelineError):
    """A module of this layer was edited and does not parse; nothing was run."""


class RunUnknown(PipelineError):
    """The Prefect API knows no run with this id."""


class SettingsUnreadable(PipelineError):
    """`.env`, `.streamlit/secrets.toml` or a variable of the environment cannot be read as settings."""


class PrefectUnavailable(PipelineError):
    """The Prefect API cannot be reached or started."""
