"""What kept a request from its server, or cut it off, read from the chain of an exception's causes."""

from __future__ import annotations

from collections.abc import Iterator

from llm_agent.client.endpoint import Endpoint
from llm_agent.errors import ModelError

URL = "OPENAI_BASE_URL"
TRY_AGAIN = "Ask again."


def explain_connection(error: BaseException, endpoint: Endpoint, has_said: bool) -> ModelError | None:
    """What kept the request from the server, read from the chain of causes; None: it got there."""
    names, host = set(_names(error)), endpoint.server
    if "ProxyError" in names:
        return blocked_by_proxy(endpoint)
    if names & {"SSLError", "SSLCertVerificationError"}:
        return _tls(error, endpoint)
    if "gaierror" in names:
        cause = f"The name {host} cannot be found: it is misspelt, or this machine has no network."
        return ModelError(cause, "Check the address and the network.", setting=URL)
    if names & {"ConnectTimeout", "ConnectError"}:
        return _unreachable(names, endpoint)
    if "ReadTimeout" in names or "WriteTimeout" in names:
        return ModelError(f"{host} fell silent.", TRY_AGAIN, is_passing=True)
    if is_reset(error):
        when = "broke off in the middle of the answer" if has_said else "was broken off"
        return ModelError(f"The connection to {host} {when}.", TRY_AGAIN, is_passing=True)
    if names & {"JSONDecodeError", "UnicodeDecodeError", "DecodingError"}:
        cause = f"The answer of {endpoint.url} cannot be read: it is no event stream of chat completions."
        return ModelError(cause, "Ask again; if it happens again, check the address.", setting=URL)
    return None


def is_reset(error: BaseException) -> bool:
    """Whether a connection that stood was broken off."""
    return bool(
        set(_names(error)) & {"ReadError", "WriteError", "RemoteProtocolError", "ConnectionResetError"}
    )


def blocked_by_proxy(endpoint: Endpoint) -> ModelError:
    """The error for a proxy that says no."""
    return ModelError(
        f"The network's proxy did not let the question through to {endpoint.server}.",
        "Check HTTPS_PROXY (with user and password if it wants them), or name the server in NO_PROXY.",
        setting="HTTPS_PROXY",
    )


def _unreachable(names: set[str], endpoint: Endpoint) -> ModelError:
    if endpoint.is_local:
        cause = f"Nothing answers at {endpoint.url}."
        return ModelError(cause, "Start the local server, or correct the port in the address.", setting=URL)
    reason = "took too long" if "ConnectTimeout" in names else "was refused"
    return ModelError(
        f"The connection to {endpoint.server} {reason}: the address is wrong or a firewall is in between.",
        "Try another network, or set HTTPS_PROXY if yours wants a proxy.",
        setting=URL,
        is_passing="ConnectTimeout" in names,
    )


def _tls(error: BaseException, endpoint: Endpoint) -> ModelError:
    if "SSLCertVerificationError" in _names(error):
        return ModelError(
            f"The certificate of {endpoint.server} is not trusted here: a company proxy or virus scanner "
            "reads along, the clock is wrong, or the server signed its own.",
            "Set SSL_CERT_FILE to the file with that proxy's or server's certificate.",
            setting="SSL_CERT_FILE",
        )
    cause = f"{endpoint.server} does not speak TLS at this address."
    return ModelError(cause, "Write http:// instead of https:// if the server is a local one.", setting=URL)


def _names(error: BaseException) -> Iterator[str]:
    """The class names of an error and its causes, with their bases below Exception."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (kind.__name__ for kind in type(seen).__mro__)
        seen = seen.__cause__ or seen.__context__
