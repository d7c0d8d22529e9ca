"""Whatever goes wrong between here and a model, as one `ModelError` for people: cause, remedy, setting.

The texts name the endpoint without its secrets. Errors of the client hold headers and addresses, so none of
them is linked to a `ModelError`: build it here, raise it outside of the `except` block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llm_agent.answer_reader import ServerSilent
from llm_agent.endpoint import PLACEHOLDER_KEY, Endpoint
from llm_agent.errors import ModelError
from llm_agent.retry_after import asked_seconds

KEY, URL, MODEL = "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"
LONGEST_QUOTE = 200
TRY_AGAIN = "Ask again."
TRY_LATER = "Wait a minute and ask again."
PASSING_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
ABOUT_MODEL = re.compile(
    r"model.*(not found|not exist|not available|invalid|unknown)|valid model|unknown model", re.I
)
ABOUT_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum.*tokens|too many tokens|prompt is too long", re.I
)
ABOUT_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit|billing", re.I)


class NotAnAnswer(Exception):
    """A reply with status 200 that is no answer. `words` is what the server said.

    `kind` is html, empty, cut, withheld (content filter), exhausted (token limit), or error.
    """

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.words = words


def explain(error: BaseException, endpoint: Endpoint, model: str, has_said: bool = False) -> ModelError:
    """The error for people; `has_said` says whether part of the answer came before it."""
    if isinstance(error, ModelError):
        return error
    if isinstance(error, ServerSilent):
        return _silence(error, endpoint)
    if isinstance(error, NotAnAnswer):
        return _not_an_answer(error, endpoint)
    if isinstance(status := getattr(error, "status_code", None), int):
        return _by_status(status, words_of(error), endpoint, model, asked_seconds(error))
    if connection := _connection(error, endpoint, has_said):
        return connection
    if words := words_of(error):
        return _broken_by_server(words, endpoint)
    return ModelError(
        f"{endpoint.url} answered with something that is no chat completion.",
        "Check that the address is that of an OpenAI-compatible API.",
        setting=URL,
    )


def words_of(error: BaseException) -> str:
    """What the server said, with its code, as one line; empty where it said nothing or sent a page."""
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body.get("error")
    text = "" if body is None or "<html" in str(body).lower() else str(body)
    codes = {getattr(error, "code", None), getattr(error, "type", None)} - {None, "invalid_request_error"}
    return " ".join([*text.split(), *(f"({code})" for code in sorted(map(str, codes)))])


def is_unknown_model(error: BaseException) -> bool:
    """Whether a server refused because it has no such model."""
    return _is_about_model(getattr(error, "status_code", 0), words_of(error))


def is_reset(error: BaseException) -> bool:
    """Whether a connection that stood was broken off."""
    return bool(
        set(_names(error)) & {"ReadError", "WriteError", "RemoteProtocolError", "ConnectionResetError"}
    )


def is_quota(error: BaseException) -> bool:
    """Whether money is the reason, which no waiting mends."""
    return getattr(error, "status_code", 0) in {402, 429} and bool(ABOUT_QUOTA.search(words_of(error)))


def quoted(words: str, endpoint: Endpoint) -> str:
    """What a server said, short and without this endpoint's secrets, as the end of a sentence."""
    words = endpoint.redacted(words)
    short = words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 1] + "…"
    return f": “{short.strip(' .')}”." if short else "."


def _is_about_model(status: int, words: str) -> bool:
    return status in {400, 404, 422} and bool("model_not_found" in words or ABOUT_MODEL.search(words))


def _by_status(status: int, words: str, endpoint: Endpoint, model: str, asked_s: float | None) -> ModelError:
    if status == 401 or (status == 403 and "key" in words.lower()):
        return _wrong_key(endpoint)
    if status == 402 or (status == 429 and ABOUT_QUOTA.search(words)):
        return ModelError(
            f"The account behind the key has no credit left at {endpoint.server}.",
            "Add credit on the provider's billing page, or use another key.",
            setting=KEY,
        )
    if status in {400, 413, 422} and (status == 413 or ABOUT_CONTEXT.search(words)):
        return ModelError(
            f"The conversation has become longer than {model} can read.",
            "Start a new conversation, or choose a model with a larger context.",
            setting=MODEL,
        )
    if _is_about_model(status, words):
        return unknown_model(endpoint, model, [])
    if status == 429:
        return _limited(endpoint, asked_s)
    return _by_other_status(status, words, endpoint, model)


def _by_other_status(status: int, words: str, endpoint: Endpoint, model: str) -> ModelError:
    if status in {404, 405}:
        return _wrong_path(status, endpoint)
    if status in PASSING_STATUSES:
        cause = f"{endpoint.server} is out of order or overloaded (HTTP {status})"
        return ModelError(cause + quoted(words, endpoint), TRY_LATER, is_passing=True)
    if 300 <= status < 400:
        return _redirected(endpoint)
    if status == 407:
        return _proxy(endpoint)
    if status == 403:
        cause = (
            f"{endpoint.server} does not allow {model} with this key, from this country or network (HTTP 403)"
        )
        return ModelError(cause + quoted(words, endpoint), "Choose another model or network.", setting=MODEL)
    cause = f"{endpoint.server} refused the question (HTTP {status})"
    return ModelError(
        cause + quoted(words, endpoint),
        "Start a new conversation; if that does not help, choose another model.",
        setting=MODEL,
    )


def _limited(endpoint: Endpoint, asked_s: float | None) -> ModelError:
    remedy = TRY_LATER
    if asked_s:
        wait = f"{asked_s:.0f} seconds" if asked_s < 120 else f"{asked_s / 60:.0f} minutes"
        remedy = f"It asks to wait {wait}; use another key or model until then."
    cause = f"{endpoint.server} takes no more questions for now (rate limit)."
    return ModelError(cause, remedy, is_passing=True)


def _wrong_key(endpoint: Endpoint) -> ModelError:
    if endpoint.key.get_secret_value() == PLACEHOLDER_KEY:
        return ModelError(f"{endpoint.server} wants an API key.", "Set one and ask again.", setting=KEY)
    return ModelError(
        f"{endpoint.server} does not accept the API key.",
        "Copy the key again from the page of the provider that the address belongs to.",
        setting=KEY,
    )


def unknown_model(endpoint: Endpoint, model: str, offered: list[str]) -> ModelError:
    """The error for a model that the endpoint does not have, with a few of those that it has."""
    names = ", ".join(offered[:5]) + (f" and {len(offered) - 5} more" if len(offered) > 5 else "")
    remedy = f"It offers {names}; choose one." if offered else "Choose a model that it has."
    return ModelError(
        f"{endpoint.server} has no model named {model}.", endpoint.redacted(remedy), setting=MODEL
    )


def _wrong_path(status: int, endpoint: Endpoint) -> ModelError:
    remedy = "Compare the address with your provider's page."
    if "/v1" not in endpoint.url:
        remedy = f"Most servers want /v1 at the end: try {endpoint.url}/v1."
    return ModelError(f"There is no chat API at {endpoint.url} (HTTP {status}).", remedy, setting=URL)


def _redirected(endpoint: Endpoint) -> ModelError:
    return ModelError(
        f"{endpoint.url} sends its visitors elsewhere: it wants https, or a Wi-Fi wants you to sign in.",
        "Sign in to the Wi-Fi in a browser, or correct the address.",
        setting=URL,
    )


def _proxy(endpoint: Endpoint) -> ModelError:
    return ModelError(
        f"The network's proxy did not let the question through to {endpoint.server}.",
        "Check HTTPS_PROXY (with user and password if it wants them), or name the server in NO_PROXY.",
        setting="HTTPS_PROXY",
    )


def _silence(error: ServerSilent, endpoint: Endpoint) -> ModelError:
    when = "fell silent in the middle of the answer" if error.has_begun else "did not begin to answer"
    return ModelError(
        f"{endpoint.server} {when} ({error.seconds:.0f} s without a word).",
        "Ask again; a local model may still be loading, or be too large for its machine.",
        is_passing=True,
    )


def _not_an_answer(error: NotAnAnswer, endpoint: Endpoint) -> ModelError:
    if error.kind == "html":
        return ModelError(
            f"{endpoint.url} answered with a web page instead of a model's answer: "
            "the address is wrong, or a Wi-Fi or firewall wants you to sign in.",
            _html_remedy(endpoint),
            setting=URL,
        )
    if error.kind == "cut":
        return ModelError(f"The answer of {endpoint.server} broke off.", TRY_AGAIN, is_passing=True)
    if error.kind == "empty":
        cause = f"{endpoint.url} answered with nothing."
        return ModelError(cause, "Ask again; if it happens again, check the address.", setting=URL)
    if error.kind == "withheld":
        return ModelError(f"{endpoint.server} withheld the answer (content filter).", "Ask in other words.")
    if error.kind == "exhausted":
        cause = "The model used up its room for one answer before it said anything."
        return ModelError(cause, "Ask a smaller question or choose another model.", setting=MODEL)
    return _broken_by_server(error.words, endpoint)


def _html_remedy(endpoint: Endpoint) -> str:
    api = "" if "/v1" in endpoint.url else f" The address of an API mostly ends in /v1: {endpoint.url}/v1."
    return "Open any page in a browser to sign in, or correct the address." + api


def _broken_by_server(words: str, endpoint: Endpoint) -> ModelError:
    cause = f"{endpoint.server} gave up on the answer"
    return ModelError(cause + quoted(words, endpoint), TRY_AGAIN, is_passing=True)


def _connection(error: BaseException, endpoint: Endpoint, has_said: bool) -> ModelError | None:
    """What kept the request from the server, read from the chain of causes; None: it got there."""
    names, host = set(_names(error)), endpoint.server
    if "ProxyError" in names:
        return _proxy(endpoint)
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
            f"The certificate of {endpoint.server} is not trusted here: a company proxy or virus scanner reads "
            "along, the clock is wrong, or the server signed its own.",
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
