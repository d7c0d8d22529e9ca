"""Which model answers in this session, and the panel in which another one can be tried.

What is typed here stays in the memory of the session: no address carries it, no file keeps it, and a key is
only ever sent to the address that it was typed or configured for.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st
from pydantic import SecretStr

from llm_agent.connection_check import ConnectionReport, check_connection
from llm_agent.errors import ModelError
from llm_agent.model import OpenAIChatModel
from llm_agent.model_choice import Connection, DemoChatModel, choose_model
from llm_agent.settings import Settings
from pages._model_status import NAME
from pages._plain_label import label

CONNECTION, MODEL, REPORT = "chat-connection", "chat-model", "chat-report"
URL_FIELD, MODEL_FIELD, KEY_FIELD = "connection-url", "connection-model", "connection-key"
EXAMPLES = "OpenAI: leave empty. Ollama: http://127.0.0.1:11434/v1, LM Studio: http://127.0.0.1:1234/v1"
DEMO = "demo"
Choice = Connection | Literal["demo"] | None
"""What this session chose: a connection of its own, the demo model, or nothing: then the settings decide."""


def chosen_model() -> OpenAIChatModel:
    """The model that answers in this session; raises `ModelError` and `SettingsUnreadable`."""
    settings = Settings()
    choice: Choice = st.session_state.get(CONNECTION)
    key = (choice, settings.base_url, settings.model, settings.api_key)
    kept = st.session_state.get(MODEL)
    if kept is None or kept[0] != key:
        model = DemoChatModel() if choice == DEMO else choose_model(settings, own_connection())
        kept = st.session_state[MODEL] = (key, model)
    chosen: OpenAIChatModel = kept[1]
    return chosen


def own_connection() -> Connection | None:
    """The connection that was typed in this session, if one is in use."""
    choice: Choice = st.session_state.get(CONNECTION)
    return choice if isinstance(choice, Connection) else None


def is_demo() -> bool:
    """True when the built-in demo model answers."""
    return isinstance(chosen_model(), DemoChatModel)


def keep_typed() -> None:
    """Keep what was typed while the panel is closed, in the memory of this session."""
    for name in (URL_FIELD, MODEL_FIELD, KEY_FIELD):
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]


def show_connection_panel() -> None:
    """The panel: what answers now, the three fields, a test, and the way back."""
    st.markdown(f"Answers come from **{label(_name_now())}**.")
    if _is_demo_now():
        st.caption(
            "It is a small grammar over the table, not an LLM: free, offline, and it says so when it does "
            "not understand. Any server that speaks OpenAI's protocol can take its place."
        )
    settings, own = Settings(), own_connection() or Connection()
    st.session_state.setdefault(URL_FIELD, own.base_url or settings.base_url or "")
    st.session_state.setdefault(MODEL_FIELD, own.model or settings.model)
    st.text_input("Base URL", key=URL_FIELD, placeholder="https://api.openai.com/v1", help=EXAMPLES)
    st.selectbox(
        "Model",
        _models_to_choose(),
        key=MODEL_FIELD,
        accept_new_options=True,
        help="A test lists what the server has; any other name can be typed.",
    )
    has_key = bool(typed_connection().api_key)
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
        st.rerun()  # the list of models above is longer now
    if report := st.session_state.get(REPORT):
        show_report(report)
    if st.session_state.get(CONNECTION):
        st.button("Back to the settings", key="reset-connection", type="tertiary", on_click=_reset)
    elif not _is_demo_now():
        st.button("Use the demo model", key="use-demo", type="tertiary", on_click=_use_demo)


def _models_to_choose() -> list[str]:
    report: ConnectionReport | None = st.session_state.get(REPORT)
    listed = list(report.models or ()) if report else []
    return list(dict.fromkeys([st.session_state[MODEL_FIELD] or Settings().model, *listed]))


def typed_connection() -> Connection:
    """What stands in the fields; an empty key field means the key that was typed for this same address."""
    url = str(st.session_state.get(URL_FIELD) or "").strip()
    name = str(st.session_state.get(MODEL_FIELD) or "").strip()
    typed = str(st.session_state.get(KEY_FIELD) or "").strip()
    own = own_connection()
    known = own.api_key if own and own.base_url == url else None
    return Connection(url, name, SecretStr(typed) if typed else known)


def _test() -> None:
    typed = typed_connection()
    try:
        model = choose_model(Settings(), typed)
        with st.spinner("Asking the server…", show_time=True):
            report = check_connection(model)
    except ModelError as error:
        report = ConnectionReport("The address", typed.model, error=error)
    st.session_state[REPORT] = report


def show_report(report: ConnectionReport) -> None:
    """The test's outcome, a sentence a line."""
    told = "\n\n".join(label(sentence) for sentence in report.sentences())
    if report.works:
        st.success(told, icon=":material/check_circle:")
    else:
        st.warning(told, icon=":material/error:")
        if report.error and report.error.setting:
            st.caption(f"The setting to change: `{report.error.setting}`.")


def _use() -> None:
    st.session_state[CONNECTION] = typed_connection()
    st.session_state[KEY_FIELD] = ""
    st.session_state[NAME] = _name_now()


def _use_demo() -> None:
    st.session_state[CONNECTION] = DEMO
    st.session_state[NAME] = _name_now()


def _reset() -> None:
    for name in (CONNECTION, MODEL, NAME, REPORT, URL_FIELD, MODEL_FIELD, KEY_FIELD):
        st.session_state.pop(name, None)


def _name_now() -> str:
    try:
        return chosen_model().name
    except ModelError:
        return "nobody: the settings do not fit"


def _is_demo_now() -> bool:
    try:
        return is_demo()
    except ModelError:
        return False
