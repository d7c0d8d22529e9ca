"""Which model answers: the one of the settings, the one that a visitor connected, or the demo model."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from llm_agent.client.endpoint import OPENAI_URL
from llm_agent.demo_model import DEMO_BASE_URL, DEMO_MODEL, demo_transport
from llm_agent.model import OpenAIChatModel
from llm_agent.settings import DEFAULT_MODEL, DEMO_MODEL_NAME, Settings


@dataclass(frozen=True)
class Connection:
    """What a visitor typed to connect a model of their own, for one session; it is never stored.

    What is left empty comes from the settings, but for the key: see `choose_model`.
    """

    base_url: str = ""
    model: str = ""
    api_key: SecretStr | None = None


class DemoChatModel(OpenAIChatModel):
    """The built-in demo model behind the real client, with the name that people see."""

    def __init__(self) -> None:
        import httpx2

        super().__init__(DEMO_BASE_URL, DEMO_MODEL, http_client=httpx2.Client(transport=demo_transport()))

    @property
    def name(self) -> str:
        """It says that it is no LLM."""
        return DEMO_MODEL_NAME


def choose_model(settings: Settings, connection: Connection | None = None) -> OpenAIChatModel:
    """The model for these settings and, where given, this connection; the demo model without key and address.

    The host's key goes to the host's address only: a visitor who names another address has to bring a key.
    Raises `ModelError` for an address or a key that cannot be one.

    >>> choose_model(Settings(OPENAI_API_KEY="", OPENAI_BASE_URL="")).name
    'Demo model (no LLM)'
    """
    given = connection or Connection()
    base_url = given.base_url.strip() or settings.base_url
    own_key = given.api_key if given.api_key and given.api_key.get_secret_value().strip() else None
    api_key = own_key or (settings.api_key if _is_same_address(base_url, settings.base_url) else None)
    if api_key is None and not base_url:
        return DemoChatModel()
    return OpenAIChatModel(base_url, given.model.strip() or settings.model or DEFAULT_MODEL, api_key)


def _is_same_address(one: str | None, other: str | None) -> bool:
    return (one or OPENAI_URL).strip().rstrip("/") == (other or OPENAI_URL).strip().rstrip("/")
