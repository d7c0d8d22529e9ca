"""All sentence forms of the demo model: importing the three modules of rules registers them."""

from __future__ import annotations

from llm_agent import demo_comparison_rules, demo_figure_rules, demo_people_rules
from llm_agent.demo_sentences import RULES

RULE_MODULES = (demo_comparison_rules, demo_figure_rules, demo_people_rules)
"""In the order in which their forms are tried."""

__all__ = ["RULES", "RULE_MODULES"]
