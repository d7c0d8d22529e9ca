"""The model that is evaluated: the chat's own client, perhaps with a recorder or a player below it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llm_agent.client.capability import CapabilityMemory
from llm_agent.client.endpoint import read_endpoint
from llm_agent.demo_model import DEMO_BASE_URL, DEMO_MODEL, demo_transport
from llm_agent.model import OpenAIChatModel
from llm_agent.prompt import TOOLS, system_prompt
from llm_agent.settings import DEMO_MODEL_NAME, PACKAGE_FOLDER, Settings

if TYPE_CHECKING:
    import httpx2

    from llm_agent.evaluation.recorded_streams import ReplayingTransport


@dataclass(frozen=True)
class ModelUnderTest:
    """The model, its name for people, what tells it from others, and the player of recordings, if any.

    The demo model is told apart by its source code, too: an edit of its grammar is another model.
    """

    model: OpenAIChatModel
    name: str
    identity: str
    player: ReplayingTransport | None = None


def model_under_test(
    settings: Settings,
    base_url: str | None = None,
    model: str | None = None,
    *,
    record: Path | None = None,
    replay: Path | None = None,
) -> ModelUnderTest:
    """The model of the settings, with address and name replaced where given; the key is that of the settings.

    Without key and address it is the demo model. Raises `ModelError` for an address or key that cannot be
    one, and `EvaluationError` when there is no folder to replay.
    """
    address, key = base_url or settings.base_url, settings.api_key
    is_demo = key is None and not address
    name = DEMO_MODEL if is_demo else model or settings.model
    client, redact, player = _open_client(is_demo, address, settings, replay)
    if record is not None:
        client = _recording(client, record, redact)
    chat_model = OpenAIChatModel(
        DEMO_BASE_URL if is_demo else address, name, key, http_client=client, memory=CapabilityMemory()
    )
    if is_demo:
        return ModelUnderTest(chat_model, DEMO_MODEL_NAME, f"{DEMO_MODEL_NAME} {_demo_digest()}", player)
    return ModelUnderTest(chat_model, name, name, player)


def prompt_digest(database: Path) -> str:
    """A digest of everything that the model is told about this table before the question."""
    told = json.dumps([system_prompt(database), list(TOOLS)])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _demo_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted([PACKAGE_FOLDER / "demo_model.py", *(PACKAGE_FOLDER / "demo").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _open_client(
    is_demo: bool, address: str | None, settings: Settings, replay: Path | None
) -> tuple[httpx2.Client, Callable[[str], str], ReplayingTransport | None]:
    """The way to the model, what cleans its answers of secrets, and the player if there is one."""
    import httpx2

    if replay is not None:
        from llm_agent.evaluation.recorded_streams import ReplayingTransport

        player = ReplayingTransport(replay)
        return httpx2.Client(transport=player), str, player
    if is_demo:
        return httpx2.Client(transport=demo_transport(pause_s=0)), str, None
    from llm_agent.client.http_route import open_client

    endpoint = read_endpoint(address, settings.api_key)
    return open_client(endpoint), endpoint.redacted, None


def _recording(client: httpx2.Client, folder: Path, redact: Callable[[str], str]) -> httpx2.Client:
    import httpx2

    from llm_agent.evaluation.recorded_streams import RecordingTransport

    return httpx2.Client(transport=RecordingTransport(client, folder, redact))
