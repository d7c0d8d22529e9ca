"""How answers look: quiet type, figures with a line under them, flags where no query stands behind them."""

from __future__ import annotations

import streamlit as st

STYLE = """<style>
.answer { overflow-wrap: anywhere; overflow-x: auto; contain: paint; line-height: 1.6; padding: 1px 2px; }
.answer.typed { white-space: pre-wrap; }
.answer p { margin: 0 0 .6rem; } .answer > :last-child { margin-bottom: 0; }
.answer h4 { font-size: 1.05rem; padding: .4rem 0 .2rem; margin: 0; }
.answer ul, .answer ol { margin: 0 0 .6rem; padding-left: 1.6rem; }
.answer table { border-collapse: collapse; margin: 0 0 .6rem; }
.answer th, .answer td { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  padding: .25rem .8rem .25rem 0; text-align: left; }
.answer pre { background: color-mix(in srgb, currentColor 6%, transparent); border-radius: .5rem;
  padding: .6rem .8rem; white-space: pre-wrap; }
.answer code { font-size: .88em; }
.answer blockquote { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent);
  margin: 0 0 .6rem; padding-left: .8rem; }
.answer .founded { border-bottom: 2px solid color-mix(in srgb, #0f6cbd 55%, transparent); }
.answer sup a { color: inherit; opacity: .8; text-decoration: none; font-size: .72em; font-weight: 600;
  padding: 0 .2em; }
.answer .unfounded { background: color-mix(in srgb, #d9730d 16%, transparent); color: inherit;
  border-bottom: 2px dashed #d9730d; border-radius: .2rem; padding: 0 .15em; }
.answer .flag { color: FLAG_INK; font-size: .75em; font-weight: 600; margin-left: .35em;
  white-space: nowrap; }
.query-title { scroll-margin-top: 5rem; overflow-wrap: anywhere; }
.query-title .number { display: inline-block; min-width: 1.4rem; height: 1.4rem; border-radius: .7rem;
  background: color-mix(in srgb, #0f6cbd 18%, transparent); text-align: center; font-size: .8rem;
  line-height: 1.4rem; font-weight: 600; margin-right: .5rem; }
.query-title .size { opacity: .65; font-size: .85rem; margin-left: .5rem; }
.query-title:target .number { background: #0f6cbd; color: #fff; }
.st-key-conversations button { justify-content: flex-start; }
.caret { display: inline-block; width: .5em; height: 1em; vertical-align: text-bottom; opacity: .5;
  background: currentColor; animation: caret 1s steps(2) infinite; }
@keyframes caret { to { opacity: 0; } }
[data-testid="stStatusWidget"] { display: none; }
@media (prefers-reduced-motion: reduce) { .st-key-conversations button { justify-content: flex-start; }
.caret { animation: none; } }
</style>"""


FLAG_INK = {"light": "#a34a04", "dark": "#f0a35e"}


def apply_style(theme: str) -> None:
    """Put the style for the theme ("light" or "dark") on the page; it takes no room."""
    st.html(STYLE.replace("FLAG_INK", FLAG_INK.get(theme, FLAG_INK["light"])))
