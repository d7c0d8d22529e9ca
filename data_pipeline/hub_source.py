"""Load a dataset from the Hugging Face Hub into a Parquet file, inside the child process.

`load_dataset` does the work. Around it stands what it lacks: a first request that asks whether the Hub is
there at all (before 1-3 s of imports), and a client that gives every request a timeout and gives up at the
first failure, where the library would try again for minutes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2

from data_pipeline.download import DownloadRequest, Limits
from data_pipeline.errors import SourceUnavailable
from data_pipeline.network_failure import network_failure, refused_status

if TYPE_CHECKING:
    from datasets import Dataset  # type: ignore[import-untyped]

SPLIT = "train"
REVISIONS = (None, "refs/convert/parquet")
"""The dataset as it is, then the Hub's own conversion of it, which needs no loading script."""

LIBRARY_ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # else it reports each load to a third host
    "HF_HUB_DISABLE_XET": "1",  # a second way to download, past the bounded client
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
REMEDY_DATASET = "Check TITANIC_DATASET, or choose the source url or snapshot."


class BoundedClient(httpx2.Client):
    """The library's HTTP client with every request bounded, and the reason of the last failure kept.

    What would make the library try again (no connection, silence, 408, 429, 5xx) is raised as the one
    error that it takes as final, `OfflineModeIsEnabled`.
    """

    def __init__(self, limits: Limits, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self.failure: SourceUnavailable | None = None

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send within the limits; raises `OfflineModeIsEnabled`, with the cause left in `failure`."""
        limits = self._limits
        request.extensions["timeout"] = httpx2.Timeout(limits.read_s, connect=limits.connect_s).as_dict()
        try:
            response = super().send(request, **options)
        except httpx2.TransportError as error:
            raise self._gone(network_failure(error, "The Hub")) from error
        self._check(response)
        return response

    def _check(self, response: httpx2.Response) -> None:
        if response.status_code in (408, 429) or response.status_code >= 500:
            response.close()
            status, retry_after = response.status_code, response.headers.get("Retry-After")
            raise self._gone(refused_status(status, "The Hub", retry_after))
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > self._limits.max_bytes:
            response.close()
            raise self._gone(
                SourceUnavailable(
                    f"The Hub's file is larger than the {self._limits.max_bytes:,} bytes allowed.",
                    REMEDY_DATASET,
                )
            )

    def _gone(self, failure: SourceUnavailable) -> Exception:
        from huggingface_hub.errors import OfflineModeIsEnabled

        self.failure = failure
        return OfflineModeIsEnabled(failure.cause)


def fetch_hub(request: DownloadRequest, contact: Callable[[], None]) -> tuple[Path, str]:
    """A Parquet file with the dataset's rows as the Hub has them, and dataset, revision and commit.

    Calls `contact` once the Hub has answered; raises `SourceUnavailable`.
    """
    os.environ.update(LIBRARY_ENVIRONMENT)  # read when the libraries are imported, so before that
    client = BoundedClient(request.limits, follow_redirects=True)
    _ask_whether_there(client, request.address)
    contact()
    dataset, revision = _load(client, request)
    path = Path(request.folder) / "dataset.parquet"
    dataset.to_parquet(path)
    return path, _origin(request.address, revision, dataset)


def _ask_whether_there(client: BoundedClient, dataset: str) -> None:
    """One request, the one that the library would make first: any answer but a failing server's will do."""
    try:
        client.head(f"{_endpoint()}/datasets/{quote(dataset)}/resolve/main/README.md", follow_redirects=False)
    except (httpx2.InvalidURL, OSError) as error:  # OSError: what the client makes of every failure
        raise client.failure or _wrong_endpoint() from error


def _endpoint() -> str:
    """The Hub's address as the library has it: HF_ENDPOINT, or its own default."""
    try:
        from huggingface_hub import constants
    except ValueError as error:  # an HF_ENDPOINT that cannot be parsed stops the import
        raise _wrong_endpoint() from error
    if constants.is_offline_mode():
        raise SourceUnavailable("The Hub is switched off (HF_HUB_OFFLINE is set).", "Unset HF_HUB_OFFLINE.")
    if not constants.ENDPOINT.startswith(("http://", "https://")):
        raise _wrong_endpoint()
    return constants.ENDPOINT


def _wrong_endpoint() -> SourceUnavailable:
    return SourceUnavailable("The Hub's address is not a valid URL.", "Check HF_ENDPOINT.")


def _load(client: BoundedClient, request: DownloadRequest) -> tuple[Dataset, str | None]:
    """The dataset and the revision that gave it; the causes of all when none does."""
    import datasets
    import huggingface_hub

    huggingface_hub.set_client_factory(lambda: client)
    causes: dict[str, str] = {}
    for revision in REVISIONS:
        try:
            # A cache of its own: in the shared one the library silently finds what another revision left.
            return datasets.load_dataset(
                request.address, split=SPLIT, revision=revision, cache_dir=f"{request.folder}/cache"
            ), revision
        except Exception as error:  # the library documents none and raises a dozen types
            if client.failure:
                raise client.failure from error
            causes[revision or "main"] = _why(error)
    alike = len(set(causes.values())) == 1
    why = causes["main"] if alike else "; ".join(f"{name}: {why}" for name, why in causes.items())
    raise SourceUnavailable(f"The Hub gave no rows of {request.address} ({why}).", REMEDY_DATASET)


def _why(error: Exception) -> str:
    """The library's error in a few words; its own message may hold folders of this machine."""
    if "scripts are no longer supported" in str(error):
        return "it needs a loading script, which is not run"
    words = {
        "DatasetNotFoundError": "no such public dataset or revision",
        "DataFilesNotFoundError": "it holds no data files",
        "EmptyDatasetError": "it holds no data files",
        "HFValidationError": "not the name of a dataset",
        "DatasetGenerationError": "its files could not be read",
        "ArrowInvalid": "its files could not be read",
        "ValueError": f"it has no split {SPLIT}, or needs a configuration",
    }
    return words.get(type(error).__name__, f"it could not be loaded, {type(error).__name__}")


def _origin(name: str, revision: str | None, dataset: Dataset) -> str:
    """Such as `mstz/titanic@refs/convert/parquet (commit 0123456)`.

    The library names the folder of its prepared files after the commit, and tells it nowhere else.
    """
    folders = {Path(file["filename"]).parent.name for file in dataset.cache_files}
    commits = [folder[:7] for folder in folders if re.fullmatch("[0-9a-f]{40}", folder)]
    return f"{name}@{revision or 'main'}" + (f" (commit {commits[0]})" if commits else "")
