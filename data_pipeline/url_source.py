"""Fetch one URL to a file, inside the child process: http and https, bounded in bytes and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from data_pipeline.download import DownloadRequest
from data_pipeline.errors import SourceUnavailable
from data_pipeline.network_failure import network_failure, redacted, refused_status

CHUNK_BYTES = 64 * 1024
MAX_REDIRECTS = 5
PARQUET_MAGIC = b"PAR1"
REMEDY_ADDRESS = "Check the address (TITANIC_CSV_URL, or the source you named), or choose the snapshot."
REMEDY_SIGN_IN = "Sign in to the network if it asks for that, check the address, or choose the snapshot."

_PAGE_STARTS = (b"<!doctype html", b"<html")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


class _OneRequestSession(requests.Session):
    """A session that follows no redirect: requests would first read the redirect's body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def fetch_url(request: DownloadRequest, contact: Callable[[], None]) -> tuple[Path, str]:
    """The downloaded file and its address without secrets; raises `SourceUnavailable`.

    Calls `contact` once the first response headers are there.
    """
    with _OneRequestSession() as session:
        # Plain bytes: then Content-Length counts what is stored, and no small answer swells on the way.
        session.headers["Accept-Encoding"] = "identity"
        try:
            with _open(session, request) as response:
                contact()
                _check_headers(response, request)
                return _store(response, request), request.shown_as
        except requests.RequestException as error:
            raise _refused_address(error, request) or network_failure(error, request.shown_as) from error
        except HTTPError as error:  # urllib3's own, which requests lets through while a body is read
            raise network_failure(error, request.shown_as) from error


def _open(session: requests.Session, request: DownloadRequest) -> requests.Response:
    """The first response that is no redirect, its body still unread."""
    timeouts = (request.limits.connect_s, request.limits.read_s)
    url = request.address
    for _ in range(MAX_REDIRECTS + 1):
        response = session.get(url, stream=True, timeout=timeouts)
        if not response.is_redirect:
            return response
        response.close()
        url = urljoin(url, response.headers["Location"])
    raise SourceUnavailable(f"{request.shown_as} redirected more than {MAX_REDIRECTS} times.", REMEDY_ADDRESS)


def _check_headers(response: requests.Response, request: DownloadRequest) -> None:
    if response.status_code != 200:
        retry_after = response.headers.get("Retry-After")
        raise refused_status(response.status_code, request.shown_as, retry_after, REMEDY_ADDRESS)
    if response.headers.get("Content-Type", "").lower().startswith(_PAGE_TYPES):
        raise _web_page(response)
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > request.limits.max_bytes:
        raise too_large(request)


def _store(response: requests.Response, request: DownloadRequest) -> Path:
    """Write the body to a file of the request's folder, whose suffix tells CSV from Parquet."""
    unnamed = Path(request.folder) / "body"
    start = b""
    with unnamed.open("wb") as file:
        for chunk in _bounded(response, request):
            start = start or chunk
            file.write(chunk)
    if not start:
        raise SourceUnavailable(
            f"{request.shown_as} answered with an empty file; a CSV or Parquet file was expected.",
            REMEDY_ADDRESS,
        )
    suffix = ".parquet" if start.startswith(PARQUET_MAGIC) else ".csv"
    return unnamed.rename(unnamed.with_suffix(suffix))


def _bounded(response: requests.Response, request: DownloadRequest) -> Iterator[bytes]:
    """The body in chunks; raises when it is a web page or larger than the cap."""
    received = 0
    for chunk in response.iter_content(CHUNK_BYTES):
        if not received and chunk.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE_STARTS):
            raise _web_page(response)
        received += len(chunk)
        if received > request.limits.max_bytes:
            raise too_large(request)
        yield chunk


def too_large(request: DownloadRequest) -> SourceUnavailable:
    """The error for a source that offers or sends more than the cap."""
    return SourceUnavailable(
        f"{request.shown_as} is larger than the {request.limits.max_bytes:,} bytes allowed for a download.",
        "Check the address; a file of that size can be downloaded by hand and named as the source.",
    )


def _web_page(response: requests.Response) -> SourceUnavailable:
    return SourceUnavailable(
        f"{redacted(response.url)} sent a web page where a CSV or Parquet file was expected; it is probably "
        "the sign-in page of a network or of the site.",
        REMEDY_SIGN_IN,
    )


def _refused_address(error: requests.RequestException, request: DownloadRequest) -> SourceUnavailable | None:
    """The error for an address that cannot be asked at all, None for a failure on the network."""
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema):
        words = f"{request.shown_as} leads to an address that is neither http nor https."
    elif isinstance(error, requests.exceptions.InvalidURL):
        words = f"{request.shown_as} is not a valid URL."
    else:
        return None
    return SourceUnavailable(words, REMEDY_ADDRESS)
