"""The way a request takes to an endpoint: proxy or direct, secrets added last, sockets told to its line.

Imports httpx2, so import it late. The client talks to one host only, hence one transport.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from llm_agent.client.breakable_line import CURRENT_LINE
from llm_agent.client.endpoint import PLACEHOLDER_KEY, Endpoint
from llm_agent.errors import ModelError


def open_client(endpoint: Endpoint) -> httpx2.Client:
    """A client for this endpoint. It follows no redirects, and keeps no connection open: none goes stale.

    Raises `ModelError` for a proxy that cannot be used.
    """
    transport = _transport(endpoint)
    if transport is None:
        raise ModelError(
            "The proxy of this machine's settings cannot be used.",
            "Write HTTPS_PROXY like http://proxy.example:8080, or remove it.",
            setting="HTTPS_PROXY",
        )
    return httpx2.Client(transport=_Route(transport, endpoint), follow_redirects=False, trust_env=False)


def _transport(endpoint: Endpoint) -> httpx2.BaseTransport | None:
    """The way to the endpoint's machine; None where its proxy is none, for errors would tell its password."""
    try:
        return httpx2.HTTPTransport(
            verify=httpx2.create_ssl_context(),
            proxy=proxy_for(endpoint),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        )
    except (ValueError, ImportError, httpx2.InvalidURL):
        return None


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
