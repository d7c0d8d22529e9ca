"""What went wrong on the network, in words: one place for every HTTP library the sources use.

requests and httpx2 wrap the same few errors of the standard library in classes of their own; this looks
for those inside the wrapping, so that the words are the same for the Hub and for a URL, and never repeats
a library's message, which may hold a URL with a secret in it.
"""

from __future__ import annotations

import errno
import http.client
import math
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from data_pipeline.errors import SourceUnavailable

REMEDY_NETWORK = "Check the network, or choose the snapshot, which needs none."
REMEDY_LATER = "Try again in a minute, or choose the snapshot."

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


def redacted(url: str) -> str:
    """The URL without user, password, query and fragment, any of which may be a secret.

    >>> redacted("https://ann:pw@example.org:8443/a/titanic.csv?token=1#x")
    'https://example.org:8443/a/titanic.csv'
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "The given URL"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def network_failure(error: BaseException, what: str) -> SourceUnavailable:
    """The error to raise instead of `error`, which came up while talking to `what`.

    A connection that broke off after it stood may work the next time (`retryable`); one that could not be
    made will not within seconds.
    """
    for cause in _causes(error):
        if words := _could_not_connect(cause):
            return SourceUnavailable(f"{what} could not be reached: {words}.", REMEDY_NETWORK)
    for cause in _causes(error):
        if isinstance(cause, TimeoutError):
            return SourceUnavailable(f"{what} did not answer in time.", REMEDY_NETWORK)
        if type(cause).__name__ == "ProxyError":  # the name in requests and in httpx2
            return SourceUnavailable(f"The proxy did not let the request to {what} through.", REMEDY_NETWORK)
    return SourceUnavailable(
        f"The connection to {what} broke off before everything had come.", REMEDY_LATER, retryable=True
    )


def refused_status(
    status: int, what: str, retry_after: str | None, remedy: str = REMEDY_LATER
) -> SourceUnavailable:
    """The error for an answer that is not 200; 429 and 5xx are `retryable`, other ones are final."""
    if status == 429 or status >= 500:
        meaning = "too many requests" if status == 429 else "the server has a problem of its own"
        return SourceUnavailable(
            f"{what} answered with status {status} ({meaning}).",
            REMEDY_LATER,
            retryable=True,
            retry_after=seconds_to_wait(retry_after),
        )
    meaning = http.client.responses.get(status, "unknown")
    return SourceUnavailable(f"{what} answered with status {status} ({meaning}); 200 was expected.", remedy)


def seconds_to_wait(retry_after: str | None) -> float | None:
    """A Retry-After header, in seconds or as a date, as seconds from now; None if absent or unreadable.

    >>> seconds_to_wait("2"), seconds_to_wait("soon")
    (2.0, None)
    """
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on to the innermost."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _could_not_connect(error: BaseException) -> str | None:
    """Why no connection was made, or None if this error is not about that."""
    if isinstance(error, socket.gaierror):
        return "its name could not be resolved (no network, or a wrong host name)"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return "no secure connection could be agreed on"
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return "the network is unreachable"
    return None
