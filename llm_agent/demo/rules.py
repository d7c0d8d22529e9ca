"""All sentence forms of the demo model: importing the three modules of rules registers them."""

from __future__ import annotations

from llm_agent.demo import comparison_rules as demo_comparison_rules
from llm_agent.demo import figure_rules as demo_figure_rules
from llm_agent.demo import people_rules as demo_people_rules
from llm_agent.demo.sentences import RULES

RULE_MODULES = (demo_comparison_rules, demo_figure_rules, demo_people_rules)
"""In the order in which their forms are tried."""

__all__ = ["RULES", "RULE_MODULES"]
