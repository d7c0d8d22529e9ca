"""Try to break it: any statement to the guard, and what the guard says."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from llm_agent.errors import QueryFailed, QueryRefused
from pages._chat_card import run_own, show_outcome

ATTACKS = {
    "Delete everything": "DELETE FROM titanic",
    "Two statements": "SELECT 1; DROP TABLE titanic",
    "Another table": "SELECT * FROM titanic_build",
    "A file of yours": "ATTACH '/etc/passwd' AS stolen",
    "Copy the database": "VACUUM INTO 'copy.sqlite'",
    "Never end": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "Fill the memory": "SELECT printf('%.*c', 1000000000, 'x')",
    "Where is the file?": "SELECT file FROM pragma_database_list",
}
SQL, OUTCOME = "attack-sql", "attack-outcome"


@st.dialog("Try to break it", width="large", icon=":material/bug_report:")
def show_break_it(database: Path) -> None:
    """A field for any statement; it goes to the same guard that a model's SQL goes through."""
    st.caption(
        "A model's SQL runs in a process of its own that can read one table and nothing else, is bounded in "
        "time and memory, and is killed when it does not stop. Type anything; the data cannot change."
    )
    picked = st.pills("Attacks to begin with", list(ATTACKS), key="attack")
    if picked and st.session_state.get("attack-picked") != picked:
        st.session_state["attack-picked"], st.session_state[SQL] = picked, ATTACKS[picked]
    sql = st.text_area("SQL", key=SQL, placeholder="DELETE FROM titanic")
    if st.button("Send to the guard", key="attack-run", type="primary", icon=":material/shield:"):
        st.session_state[OUTCOME] = (sql, run_own(sql, database))
    sent, outcome = st.session_state.get(OUTCOME, ("", None))
    if outcome is None or sent != sql:
        return
    st.markdown(f"**{verdict(outcome)}**")
    show_outcome(outcome, "attack")


def verdict(outcome: object) -> str:
    """What the guard did, in a few words."""
    if isinstance(outcome, QueryRefused):
        return "Refused: not allowed, whatever the data."
    if isinstance(outcome, QueryFailed):
        return "Allowed, but it came to no result within its bounds."
    return "Allowed: it only reads."
