"""Whatever goes wrong between here and a model, as one `ModelError` for people: cause, remedy, setting.

The texts name the endpoint without its secrets. Errors of the client hold headers and addresses, so none of
them is linked to a `ModelError`: build it here, raise it outside of the `except` block.
"""

from __future__ import annotations

import re
from typing import Any

from llm_agent.client.answer_reader import ServerSilent
from llm_agent.client.connection_errors import TRY_AGAIN, URL, blocked_by_proxy, explain_connection
from llm_agent.client.endpoint import PLACEHOLDER_KEY, Endpoint
from llm_agent.client.retry_after import asked_seconds
from llm_agent.errors import ConversationTooLong, ModelError

KEY, MODEL = "OPENAI_API_KEY", "OPENAI_MODEL"
LONGEST_QUOTE = 200
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
    if connection := explain_connection(error, endpoint, has_said):
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
        return ConversationTooLong(
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
        return blocked_by_proxy(endpoint)
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
        wait = f"{asked_s:.0f} s" if asked_s < 120 else f"{asked_s / 60:.0f} minutes"
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
