"""Which model answers in this session, and the panel in which another one can be tried.

What is typed here stays in the memory of the session: no address carries it, no file keeps it, and a key is
only ever sent to the address that it was typed or configured for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from pydantic import SecretStr

from data_pipeline.plain_markdown import plain
from llm_agent.connection_check import ConnectionReport, check_connection
from llm_agent.errors import AgentError, ModelError
from llm_agent.model import OpenAIChatModel
from llm_agent.model_choice import choose_model
from llm_agent.settings import DEMO_MODEL_NAME, Settings
from llm_agent.stream import ChatModel

CONNECTION, MODEL, REPORT = "chat-connection", "chat-model", "chat-report"
URL_FIELD, MODEL_FIELD, KEY_FIELD = "connection-url", "connection-model", "connection-key"
EXAMPLES = "OpenAI: leave empty. Ollama: http://127.0.0.1:11434/v1, LM Studio: http://127.0.0.1:1234/v1"


@dataclass(frozen=True)
class Connection:
    """An endpoint of this session; without a base URL it is OpenAI's. The key never shows in its text."""

    base_url: str
    model: str
    key: SecretStr | None = None
    is_demo: bool = False


def connection() -> Connection:
    """The session's own connection, else that of the settings; raises `SettingsUnreadable`."""
    return st.session_state.get(CONNECTION) or configured(Settings())


def configured(settings: Settings) -> Connection:
    """The connection that environment, `.env` and secrets describe."""
    return Connection(settings.base_url or "", settings.model, settings.api_key, settings.is_demo)


def model_name() -> str:
    """The name of the model that answers, for people."""
    now = connection()
    return DEMO_MODEL_NAME if now.is_demo else now.model


def chosen_model() -> ChatModel:
    """The model that answers; raises `ModelError` for an address or key that cannot be one."""
    now = connection()
    kept = st.session_state.get(MODEL)
    if kept is None or kept[0] != now:
        kept = st.session_state[MODEL] = (now, _model_of(now))
    model: ChatModel = kept[1]
    return model


def _model_of(now: Connection) -> ChatModel:
    settings = Settings()
    if now.is_demo:
        return choose_model(settings.model_copy(update={"api_key": None, "base_url": None}))
    return OpenAIChatModel(now.base_url or None, now.model, now.key)


def show_connection_panel() -> None:
    """The panel: what answers now, the three fields, a test, and the way back."""
    now = connection()
    st.markdown(f"Answers come from **{plain(model_name())}**.")
    if now.is_demo:
        st.caption(
            "It is a small grammar over the table, not an LLM: free, offline, and it says so when it does "
            "not understand. Any server that speaks OpenAI's protocol can take its place."
        )
    st.session_state.setdefault(URL_FIELD, now.base_url)
    st.session_state.setdefault(MODEL_FIELD, now.model)
    st.text_input("Base URL", key=URL_FIELD, placeholder="https://api.openai.com/v1", help=EXAMPLES)
    st.selectbox(
        "Model",
        _models_to_choose(),
        key=MODEL_FIELD,
        accept_new_options=True,
        help="A test lists what the server has; any other name can be typed.",
    )
    has_key = typed_connection().key is not None
    st.text_input(
        "Key",
        type="password",
        key=KEY_FIELD,
        placeholder="a key is set for this address" if has_key else "not needed by local servers",
        help="Kept in the memory of this session only, and sent to this address only.",
        autocomplete="off",
    )
    with st.container(horizontal=True):
        test = st.button("Test connection", key="test-connection", icon=":material/network_check:")
        st.button(
            "Use this model", key="use-connection", type="primary", icon=":material/check:", on_click=_use
        )
    if test:
        _test()
    if report := st.session_state.get(REPORT):
        show_report(report)
    if st.session_state.get(CONNECTION):
        st.button("Back to the settings", key="reset-connection", type="tertiary", on_click=_reset)
    elif not now.is_demo:
        st.button("Use the demo model", key="use-demo", type="tertiary", on_click=_use_demo)


def _models_to_choose() -> list[str]:
    report: ConnectionReport | None = st.session_state.get(REPORT)
    listed = list(report.models or ()) if report else []
    return list(dict.fromkeys([st.session_state[MODEL_FIELD] or connection().model, *listed]))


def typed_connection() -> Connection:
    """What stands in the fields; an empty key field means the key that is known for this address."""
    url = str(st.session_state.get(URL_FIELD) or "").strip()
    name = str(st.session_state.get(MODEL_FIELD) or "").strip() or connection().model
    typed = str(st.session_state.get(KEY_FIELD) or "").strip()
    return Connection(url, name, SecretStr(typed) if typed else _known_key(url))


def _known_key(url: str) -> SecretStr | None:
    """A key of an address is for that address: none is carried over to another one."""
    known = (connection(), configured(Settings()))
    return next((each.key for each in known if each.base_url == url and each.key), None)


def _test() -> None:
    typed = typed_connection()
    try:
        with st.spinner("Asking the server…", show_time=True):
            report = check_connection(OpenAIChatModel(typed.base_url or None, typed.model, typed.key))
    except ModelError as error:
        report = ConnectionReport("The address", typed.model, error=error)
    st.session_state[REPORT] = report


def show_report(report: ConnectionReport) -> None:
    """The test's outcome, a sentence a line."""
    told = "\n\n".join(plain(sentence) for sentence in report.sentences())
    if report.works:
        st.success(told, icon=":material/check_circle:")
    else:
        st.warning(told, icon=":material/error:")
        if report.error and report.error.setting:
            st.caption(f"The setting to change: `{report.error.setting}`.")


def _use() -> None:
    st.session_state[CONNECTION] = typed_connection()
    st.session_state[KEY_FIELD] = ""


def _use_demo() -> None:
    st.session_state[CONNECTION] = replace(configured(Settings()), is_demo=True)


def _reset() -> None:
    for name in (CONNECTION, MODEL, REPORT, URL_FIELD, MODEL_FIELD, KEY_FIELD):
        st.session_state.pop(name, None)


def show_model_status() -> None:
    """A small badge: which model answers questions."""
    try:
        is_demo, name = connection().is_demo, model_name()
    except AgentError as error:
        st.badge("Chat settings", icon=":material/error:", color="orange", help=plain(str(error)))
        return
    if is_demo:
        st.badge(
            "Demo model", icon=":material/smart_toy:", color="gray", help="No LLM is connected: see Chat"
        )
    else:
        st.badge(
            plain(name[:40]), icon=":material/smart_toy:", color="blue", help="Answers the chat's questions"
        )
