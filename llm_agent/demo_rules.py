"""All sentence forms of the demo model, in the order in which they are tried."""

from __future__ import annotations

from llm_agent import demo_comparison_rules, demo_figure_rules, demo_people_rules
from llm_agent.demo_sentences import RULES, Context, Parts, dimension

__all__ = [
    "RULES",
    "Context",
    "Parts",
    "demo_comparison_rules",
    "demo_figure_rules",
    "demo_people_rules",
    "dimension",
]
