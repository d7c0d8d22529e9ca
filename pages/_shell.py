"""The frame around every page: navigation and one line that says what the data are."""

from __future__ import annotations

import streamlit as st

from pages._header import show_header

st.set_page_config(page_title="Chatbot Workshop", page_icon="docs/images/icon.svg", layout="wide")
page = st.navigation(
    [
        st.Page("pipeline.py", title="Pipeline", icon=":material/account_tree:", default=True),
        st.Page("charts.py", title="Charts", icon=":material/bar_chart:"),
        st.Page("chat.py", title="Chat", icon=":material/forum:"),
        st.Page("evaluation.py", title="Evaluation", icon=":material/fact_check:"),
    ],
    position="top",
)
show_header()
page.run()
