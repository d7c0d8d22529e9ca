"""How right is the model? Runs the project's own questions, and shows the latest results of each model."""

from __future__ import annotations

import streamlit as st

from llm_agent.errors import AgentError
from llm_agent.evaluation.questions import own_questions, read_questions
from llm_agent.evaluation.report import read_reports
from llm_agent.settings import Settings
from pages._evaluation_results import show_results
from pages._evaluations import Evaluations, shared_evaluations
from pages._plain_label import label

SAMPLES: dict[str, int | None] = {"A sample of 20": 20, "All questions": None}
REFRESH_S = 0.5


def show_controls(evaluations: Evaluations, settings: Settings) -> None:
    """How much to ask, and the two buttons."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation_controls"):
        sample = st.selectbox("Questions", list(SAMPLES), key="evaluation_sample", width=200)
        st.checkbox("Ask everything again", key="evaluation_fresh", help="Also what was answered before")
        st.button(
            "Evaluate",
            type="primary",
            icon=":material/fact_check:",
            disabled=evaluations.is_active,
            on_click=lambda: evaluations.start(
                SAMPLES[sample], is_fresh=bool(st.session_state.evaluation_fresh)
            ),
            key="evaluate",
        )
        if evaluations.is_active:
            st.button(
                "Stopping..." if evaluations.is_stopping else "Stop",
                icon=":material/stop:",
                disabled=evaluations.is_stopping,
                on_click=evaluations.stop,
                key="stop_evaluation",
            )
    count = len(read_questions(own_questions()))
    st.caption(
        f"Asks **{label(settings.model_name)}** up to {count} questions, each on the table and on two "
        "altered copies of it, through the agent of the chat."
        + ("" if settings.is_demo else " That costs tokens: start with the sample.")
    )


def show_progress(evaluations: Evaluations) -> None:
    """How far the evaluation is; after its end, why it did not end well."""
    latest = evaluations.latest
    if latest is None:
        return
    if evaluations.is_active:
        done, total = (latest.progress.done, latest.progress.total) if latest.progress else (0, 0)
        text = f"{done} of {total} answers" if total else "Preparing the tables"
        st.progress(done / total if total else 0.0, text=text)
    elif latest.error is not None:
        st.info(label(f"{latest.error.cause} {latest.error.remedy}"), icon=":material/info:")


def watch(evaluations: Evaluations, settings: Settings) -> None:
    """Controls and progress, drawn twice a second while an evaluation goes on, then the page once more."""
    was_active = evaluations.is_active

    @st.fragment(run_every=REFRESH_S if was_active else None)
    def live() -> None:
        if was_active and not evaluations.is_active:
            st.rerun()
        show_progress(evaluations)

    show_controls(evaluations, settings)
    live()


st.title("How right is the model?")
try:
    chat_settings = Settings()
    watch(shared_evaluations(), chat_settings)
    if found := read_reports(chat_settings.database.parent / "evaluations"):
        show_results(found)
    else:
        st.info("Nothing was evaluated yet.", icon=":material/fact_check:")
except AgentError as error:
    st.error(label(f"{error.cause} {error.remedy}"), icon=":material/error:")
