"""Where a model is asked and with which key: an address in two parts, one to show and one to keep."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from llm_agent.errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
PLACEHOLDER_KEY = "no-key"  # local servers want a key in the header and do not look at it
NO_SECRET = SecretStr("")


@dataclass(frozen=True)
class Endpoint:
    """An address without its secrets (`url`), and the secrets: key, query and user of the address.

    Query and user are added to each request below the client, so that no log and no exception sees them.
    """

    url: str
    key: SecretStr = field(default=NO_SECRET, repr=False)
    query: SecretStr = field(default=NO_SECRET, repr=False)
    user: SecretStr = field(default=NO_SECRET, repr=False)

    @property
    def host(self) -> str:
        """The name or number of the machine."""
        return urlsplit(self.url).hostname or ""

    @property
    def server(self) -> str:
        """The machine with its port, as the address has it: what people call the server."""
        return urlsplit(self.url).netloc

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine."""
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    def redacted(self, text: str) -> str:
        """The text with every secret of this endpoint replaced by "***"."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def basic_auth(self) -> str:
        """The value of an Authorization header for the user of the address; empty where there is none."""
        user = self.user.get_secret_value()
        return f"Basic {base64.b64encode(unquote(user).encode()).decode()}" if user else ""

    def _secrets(self) -> set[str]:
        key, query, user = (part.get_secret_value() for part in (self.key, self.query, self.user))
        values = [value for _, value in parse_qsl(query)]
        names = {key, query, user, *user.split(":"), unquote(user), *values, self.basic_auth()[6:]}
        return {name for name in names if len(name) >= 4 and name != PLACEHOLDER_KEY}


def read_endpoint(base_url: str | None, api_key: SecretStr | str | None) -> Endpoint:
    """The endpoint of these settings; without an address it is OpenAI's, without a key a placeholder.

    A pasted ".../chat/completions" is cut off. Raises `ModelError` for what cannot be an address or a key.
    """
    parts = _split((base_url or OPENAI_URL).strip())
    if parts is None:
        raise ModelError(
            "OPENAI_BASE_URL is not a web address.",
            "Write it whole, like https://api.openai.com/v1 or http://127.0.0.1:11434/v1.",
            setting="OPENAI_BASE_URL",
        )
    user, _, host = parts.netloc.rpartition("@")
    path = re.sub(r"(/chat/completions|/completions|/models)?/*$", "", parts.path)
    return Endpoint(
        f"{parts.scheme}://{host}{path}", _checked_key(api_key), SecretStr(parts.query), SecretStr(user)
    )


def _checked_key(api_key: SecretStr | str | None) -> SecretStr:
    key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key or ""
    key = key.strip() or PLACEHOLDER_KEY
    if not re.fullmatch(r"[!-~]+", key):
        raise ModelError(
            "The API key holds characters that no key has, such as a space or an accent.",
            "Copy it again from your provider's page.",
            setting="OPENAI_API_KEY",
        )
    return SecretStr(key)


def _split(base_url: str) -> SplitResult | None:
    """The address in parts; None where it is none. Never an exception, whose text would hold the address."""
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_address and not re.search(r"\s", base_url) else None
