"""A first chart over the table that the pipeline built: who survived, by class and sex."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data_pipeline.errors import TableUnavailable
from data_pipeline.settings import Settings
from data_pipeline.table import open_readonly

SURVIVAL_SQL = """SELECT pclass AS class, sex, SUM(rows * survived) AS survived, SUM(rows) AS passengers
FROM titanic_cube GROUP BY pclass, sex ORDER BY pclass, sex"""
SEX_COLOURS = {"female": "#d9730d", "male": "#1c7ed6"}


def show_survival() -> None:
    """The share of survivors in each class, women beside men, with the figures and the SQL behind it."""
    import altair as alt

    with open_readonly(Settings().database) as connection:
        groups = [dict(row) for row in connection.execute(SURVIVAL_SQL)]
    for group in groups:
        group["share"] = group["survived"] / group["passengers"]
    colours = alt.Scale(domain=list(SEX_COLOURS), range=list(SEX_COLOURS.values()))
    chart = (
        alt.Chart(alt.Data(values=groups))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("class:O", title="class of the ticket", axis=alt.Axis(labelAngle=0)),
            xOffset="sex:N",
            y=alt.Y("share:Q", title="share that survived", axis=alt.Axis(format="%")),
            color=alt.Color("sex:N", scale=colours, title=None, legend=alt.Legend(orient="top")),
            tooltip=["class:O", "sex:N", "survived:Q", "passengers:Q", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    best = max(groups, key=lambda group: group["share"])
    worst = min(groups, key=lambda group: group["share"])
    in_words = " against ".join(describe(group) for group in (best, worst))
    st.altair_chart(chart, alt=f"Share of survivors by class and sex: {in_words}.")
    st.caption(f"From best to worst group: {in_words}.")
    with st.expander("Show SQL", icon=":material/database:"):
        st.code(SURVIVAL_SQL, language="sql")


def describe(group: dict[str, Any]) -> str:
    """A group in words: survivors, size, share, who they are."""
    figures = f"{group['survived']} of {group['passengers']} ({group['share']:.0%}"
    return f"{figures}, {group['sex']}, class {group['class']})"


st.title("Who survived?")
try:
    show_survival()
except TableUnavailable as error:
    st.info(f"{error.cause} {error.remedy}", icon=":material/database_off:")
    st.page_link("pipeline.py", label="Rebuild the data", icon=":material/refresh:")
