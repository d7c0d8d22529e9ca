"""The way a request takes to an endpoint: proxy or direct, secrets added last, each connection breakable.

Imports httpx2, so import it late. The client talks to one host only, hence one transport.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from llm_agent.endpoint import PLACEHOLDER_KEY, Endpoint


class Line:
    """The connection of one request, breakable from another thread at any moment.

    Closing a socket does not wake a thread that reads from it, and before the first byte there is no response
    to close; a shutdown of the socket wakes it always.
    """

    def __init__(self) -> None:
        self._streams: list[Any] = []
        self._lock = threading.Lock()
        self._is_broken = False

    @property
    def is_broken(self) -> bool:
        """Whether `break_off` was called."""
        return self._is_broken

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Called by httpcore2 for each step of a request: remembers the sockets it opens."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._streams.append(info["return_value"])
            if self._is_broken:
                self.break_off()

    def break_off(self) -> None:
        """End the connection now; whoever reads from it gets an error."""
        with self._lock:
            self._is_broken = True
            for stream in self._streams:
                _shut_down(stream.get_extra_info("socket"))


CURRENT_LINE: ContextVar[Line | None] = ContextVar("CURRENT_LINE", default=None)


def open_client(endpoint: Endpoint) -> httpx2.Client:
    """A client for this endpoint. It follows no redirects, and keeps no connection open: none goes stale.

    Raises ValueError or ImportError for a proxy that cannot be used.
    """
    transport = httpx2.HTTPTransport(
        verify=httpx2.create_ssl_context(),
        proxy=proxy_for(endpoint),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
    )
    return httpx2.Client(transport=_Route(transport, endpoint), follow_redirects=False, trust_env=False)


def proxy_for(endpoint: Endpoint) -> str | None:
    """The address of the environment's proxy (HTTPS_PROXY, ALL_PROXY, NO_PROXY); this machine needs none."""
    parts = urlsplit(endpoint.url)
    if endpoint.is_local or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


class _Route(httpx2.BaseTransport):
    """Adds the endpoint's query and user to a copy of the request, and reports its sockets to the line."""

    def __init__(self, inner: httpx2.BaseTransport, endpoint: Endpoint) -> None:
        self._inner = inner
        self._endpoint = endpoint

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it."""
        line = CURRENT_LINE.get()
        tracing = {} if line is None else {"trace": line.trace}
        url, headers = request.url, request.headers.copy()
        if query := self._endpoint.query.get_secret_value():
            url = url.copy_with(query="&".join(filter(None, [query, url.query.decode()])).encode())
        if self._endpoint.key.get_secret_value() == PLACEHOLDER_KEY and self._endpoint.basic_auth():
            headers["Authorization"] = self._endpoint.basic_auth()
        return self._inner.handle_request(
            httpx2.Request(
                request.method,
                url,
                headers=headers,
                stream=request.stream,
                extensions={**request.extensions, **tracing},
            )
        )

    def close(self) -> None:
        """Close the transport."""
        self._inner.close()


def _shut_down(connection: Any) -> None:
    """Both directions, at the level below TLS: `SSLSocket.shutdown` takes its object from under a reader."""
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
