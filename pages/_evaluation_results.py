"""The latest results of each model: a chart of all, and one model's figures by kind with what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import humanize
import streamlit as st

from llm_agent.evaluation.report import Failure, Report, Row, Share
from pages._plain_label import label

COLOUR, LINE_COLOUR = "#1c7ed6", "#868e96"
BAR_HEIGHT, NAME_WIDTH = 36, 180
FAILURES_SHOWN = 30


def show_results(reports: Sequence[Report]) -> None:
    """The chart, then the model that is chosen."""
    st.subheader("Right answers, by model")
    show_models(reports)
    report = reports[0]
    if len(reports) > 1:
        names = [each.model for each in reports]
        chosen = st.selectbox("Model", names, key="evaluated_model", width=360)
        report = reports[names.index(chosen)]
    show_report(report)


def show_models(reports: Sequence[Report]) -> None:
    """A bar for each model with the 95 % interval as a line on it, and the same in words."""
    import altair as alt

    rows = [_bar(report) for report in reports]
    base = alt.Chart({"values": rows}).encode(
        y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(labelLimit=NAME_WIDTH))
    )
    scale = alt.Scale(domain=[0, 100])
    bars = base.mark_bar(color=COLOUR, cornerRadiusEnd=3).encode(
        x=alt.X("right:Q", scale=scale, title="right answers, %", axis=alt.Axis(values=[0, 25, 50, 75, 100])),
        tooltip=["model:N", alt.Tooltip("right:Q", format=".1f"), "of:N", "when:N"],
    )
    lines = base.mark_rule(strokeWidth=4, color=LINE_COLOUR).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q"
    )
    in_words = "; ".join(f"{row['model']}: {row['of']} right" for row in rows)
    st.altair_chart(
        (bars + lines).properties(height=alt.Step(BAR_HEIGHT)),
        alt=f"Right answers by model. {in_words}.",
    )
    st.caption("The line is the 95 % interval: models whose lines overlap may be equally good.")


def show_report(report: Report) -> None:
    """One model: the main figures, a table by kind, the wrong answers."""
    with st.container(horizontal=True, key="evaluation_figures"):
        st.metric("Right", f"{report.total.right.percent:.0f} %", help=in_words(report.total.right))
        st.metric(
            "and grounded", in_words(report.total.grounded), help="The figure comes from an executed query"
        )
        st.metric(
            "Invented answers", report.invented, help="Figures without any query, or what no column holds"
        )
        st.metric("Unsafe statements", report.unsafe, help="Must be 0: the guard lets none through")
        st.metric("Seconds (median)", f"{report.median_s:.1f}", help=f"p95 {report.p95_s:.1f} s")
        st.metric("Tokens (median)", f"{report.median_tokens:,.0f}")
    st.caption(
        f"{label(report.model)}, {_when(report)}: {report.questions} questions. Right on the "
        + ", ".join(f"{row.name} table {in_words(row.right)}" for row in report.tables)
        + ". On the altered tables answers from memory are wrong."
    )
    st.dataframe([_line(row) for row in report.kinds], hide_index=True, key="evaluation_kinds")
    if report.failures:
        with st.expander(f"Wrong answers ({len(report.failures)})", icon=":material/rule:"):
            for failure in report.failures[:FAILURES_SHOWN]:
                show_failure(failure)
            if len(report.failures) > FAILURES_SHOWN:
                st.caption(f"and {len(report.failures) - FAILURES_SHOWN} more in the report")


def show_failure(failure: Failure) -> None:
    """A wrong answer: question, why, statements, words."""
    st.markdown(f"**{label(failure.question)}** :small[{failure.id}, {failure.table} table]")
    st.caption(label(failure.why))
    for statement in failure.sql:
        st.code(statement, language="sql", wrap_lines=True)
    st.text(failure.answer or "(no words)")


def in_words(share: Share) -> str:
    """A share as "7 of 8"."""
    return f"{share.part} of {share.whole}"


def _bar(report: Report) -> dict[str, float | str]:
    low, high = report.total.right.interval
    return {
        "model": report.model,
        "right": report.total.right.percent,
        "low": low,
        "high": high,
        "of": in_words(report.total.right),
        "when": _when(report),
    }


def _line(row: Row) -> dict[str, str | float]:
    low, high = row.right.interval
    return {
        "kind": row.name.replace("_", " "),
        "right": in_words(row.right),
        "%": round(row.right.percent),
        "95 % interval": f"{low:.0f} to {high:.0f} %",
        "right and grounded": in_words(row.grounded) if row.grounded.whole else "",
        "last query right": in_words(row.executed) if row.executed.whole else "",
    }


def _when(report: Report) -> str:
    return humanize.naturaltime(datetime.now(UTC) - datetime.fromisoformat(report.made_at))
