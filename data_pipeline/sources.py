"""Where raw data come from: the Hub, a URL or the shipped snapshot, each fetched to a file.

`fetch` makes one attempt at one source, `fetch_patiently` repeats it where that helps, and
`first_available` goes through several until one works. Nothing here looks into the data.
"""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data_pipeline import cancellation, raw_folder
from data_pipeline.download import DEFAULT_LIMITS, DownloadRequest, Limits, download
from data_pipeline.errors import SourceUnavailable
from data_pipeline.network_failure import redacted
from data_pipeline.settings import Settings, snapshot_path
from data_pipeline.table import TITANIC_ROWS, SourceFailure

AUTO_ORDER = ("hub", "url", "snapshot")
"""What `auto` tries: the best documented source first, the one that cannot fail last."""

RETRIES = 2
RETRY_DELAYS_S = (1.0, 3.0)
RETRY_AFTER_CAP_S = 10.0
"""A source that asks for a longer pause is asked again after this one."""

_CHOICES = "Choose auto, hub, url, snapshot, or the path or http(s) URL of a CSV or Parquet file."
_DEFAULT_DATASET = Settings.model_fields["dataset"].default

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawFile:
    """A file as the source gave it, unconverted, and where it came from.

    `source` is "hub", "url", "snapshot", or "file" / "link" for a path or URL that the user named;
    `origin` a URL without secrets, a dataset with its revision, or a file's name (never a folder);
    `sha256` that of the file's bytes; `expected_rows` the number of rows it must hold, None if unknown;
    `failed_sources` those that were tried before and gave nothing.
    """

    path: Path
    source: str
    origin: str
    sha256: str
    expected_rows: int | None = None
    failed_sources: tuple[SourceFailure, ...] = ()


def candidates(source: str) -> tuple[str, ...]:
    """The sources to try, in order, for the setting TITANIC_SOURCE.

    >>> candidates("auto"), candidates("snapshot")
    (('hub', 'url', 'snapshot'), ('snapshot',))
    """
    return AUTO_ORDER if source == "auto" else (source,)


def fetch(source: str, settings: Settings, limits: Limits = DEFAULT_LIMITS) -> RawFile:
    """One attempt at one source: "hub", "url", "snapshot", or a path or URL to a CSV or Parquet file.

    Downloads go to `settings.raw_folder` under a name made of their content; the snapshot and the user's
    own files are used where they are. Raises `SourceUnavailable` and `BuildCancelled`.
    """
    if source == "hub":
        rows = TITANIC_ROWS if settings.dataset == _DEFAULT_DATASET else None
        return _download("hub", settings.dataset, settings, limits, rows)
    if source == "url":
        return _download("url", settings.csv_url, settings, limits, TITANIC_ROWS)
    if source == "snapshot":
        return _local_file("snapshot", snapshot_path(), TITANIC_ROWS)
    if source.lower().startswith(("http://", "https://")):
        return _download("link", source, settings, limits, None)
    if "://" in source:
        raise SourceUnavailable(f"{redacted(source)} is neither an http nor an https address.", _CHOICES)
    return _local_file("file", Path(source), None)


def fetch_patiently(source: str, settings: Settings, limits: Limits = DEFAULT_LIMITS) -> RawFile:
    """`fetch`, repeated after a pause for as long as `retry_delay` allows it."""
    attempt = 1
    while True:
        try:
            return fetch(source, settings, limits)
        except SourceUnavailable as error:
            delay = retry_delay(error, attempt)
            if delay is None:
                raise
            logger.info("%s Attempt %d in %g s.", error.cause, attempt + 1, delay)
        cancellation.wait(delay)
        attempt += 1


def retry_delay(error: Exception, attempt: int) -> float | None:
    """Seconds to wait after the failed attempt number `attempt` (the first is 1); None: do not try again.

    What the source asked for (Retry-After) counts, up to `RETRY_AFTER_CAP_S`, else `RETRY_DELAYS_S`.
    """
    if not isinstance(error, SourceUnavailable) or not error.retryable or attempt > RETRIES:
        return None
    if error.retry_after is not None:
        return min(error.retry_after, RETRY_AFTER_CAP_S)
    return RETRY_DELAYS_S[attempt - 1]


def first_available(
    sources: Iterable[str],
    fetch_one: Callable[[str, tuple[SourceFailure, ...]], RawFile],
    on_failure: Callable[[SourceFailure], None] | None = None,
) -> RawFile:
    """The file of the first source that gives one.

    `fetch_one` gets the source and the failures of those before it, for the file's `failed_sources`.
    `on_failure` hears of each failure as it happens. When all fail, raises `SourceUnavailable`: the
    source's own error if there was one source, else one that names every cause.
    """
    errors: dict[str, SourceUnavailable] = {}
    for source in sources:
        try:
            return fetch_one(source, _failures(errors))
        except SourceUnavailable as error:
            errors[source] = error
            failure = _failures(errors)[-1]
            logger.info("Source %s gave nothing: %s", failure.source, failure.cause)
            if on_failure:
                on_failure(failure)
    raise _all_failed(errors)


def _failures(errors: dict[str, SourceUnavailable]) -> tuple[SourceFailure, ...]:
    return tuple(SourceFailure(_named(source), error.cause) for source, error in errors.items())


def _all_failed(errors: dict[str, SourceUnavailable]) -> SourceUnavailable:
    if len(errors) == 1:
        return next(iter(errors.values()))
    causes = " ".join(f"{failure.source}: {failure.cause}" for failure in _failures(errors))
    return SourceUnavailable(f"No source gave a file. {causes}".rstrip(), _CHOICES)


def _named(source: str) -> str:
    """A source as it may stand in a message: without a URL's secrets and without a folder.

    >>> _named("/home/ann/titanic.csv"), _named("https://ann:pw@example.org/t.csv?key=1")
    ('titanic.csv', 'https://example.org/t.csv')
    """
    return redacted(source) if "://" in source else Path(source).name[:80]


def _local_file(kind: Literal["snapshot", "file"], path: Path, rows: int | None) -> RawFile:
    """A file that is there already, used in place."""
    name = _named(str(path))
    try:
        path = path.expanduser().absolute()
        if not stat.S_ISREG(path.stat().st_mode):
            what = f'"{name}" is a folder or a device; a CSV or Parquet file was expected.'
            raise SourceUnavailable(what, _CHOICES)
        return RawFile(path, kind, name, _sha256(path), rows)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _no_such_file(kind, name) from error
    except (OSError, RuntimeError, ValueError) as error:  # no permission, too long a name, no such home
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise SourceUnavailable(f'"{name}" cannot be read ({reason}).', _CHOICES) from error


def _no_such_file(kind: str, name: str) -> SourceUnavailable:
    if kind == "snapshot":
        return SourceUnavailable(
            f"The shipped snapshot {name} is missing.", "Restore it from the repository, or reinstall."
        )
    return SourceUnavailable(f'"{name}" is neither a known source nor an existing file.', _CHOICES)


def _download(
    kind: Literal["hub", "url", "link"], address: str, settings: Settings, limits: Limits, rows: int | None
) -> RawFile:
    """Fetch into a working folder of its own, then move the file to a name made of its content."""
    shown_as = f"The Hub's dataset {address}" if kind == "hub" else redacted(address)
    try:
        raw_folder.sweep(settings.raw_folder)
        with raw_folder.working_folder(settings.raw_folder) as folder:
            request = DownloadRequest(
                "hub" if kind == "hub" else "url", address, shown_as, str(folder), limits
            )
            done = download(request)
            path = raw_folder.keep(done.path, settings.raw_folder, kind, done.sha256)
        return RawFile(path, kind, done.origin, done.sha256, rows)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SourceUnavailable(
            f"A download cannot be stored beside the database ({reason}).",
            "Make room or allow writing there, or set TITANIC_DB to another place.",
        ) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            cancellation.raise_if_cancelled()
            digest.update(block)
    return digest.hexdigest()
