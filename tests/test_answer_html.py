"""A model's text becomes HTML of ours: its Markdown is kept, its figures are marked, nothing in it acts."""

from __future__ import annotations

import re

import pytest

from llm_agent.grounding import check_figures
from llm_agent.query_result import QueryResult
from pages._answer_html import answer_html, plain_html

RESULT = QueryResult(("sex", "n"), (("female", 314), ("male", 577)), False, 0.0)
OUR_TAGS = set(
    "div p br strong em code pre ul ol li table tr th td h4 blockquote span sup a mark".split()  # noqa: SIM905
)
HOSTILE = [
    "![x](http://evil.example/leak.png)",
    "![x][ref]\n\n[ref]: http://evil.example/leak.png",
    "[click](javascript:alert(1))",
    "<https://evil.example>",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<style>*{display:none}</style>",
    '"><svg onload=alert(1)>',
    "`<b>`<b>",
    "```html\n<iframe src=http://evil.example>\n```",
    '```mermaid\nflowchart LR\n click A href "http://evil.example"\n```',
    "~~~\n</code></pre><script>alert(1)</script>\n~~~",
    "```\nnever closed <b>",
    "| <b>a</b> | b |\n|---|---|\n| <img src=x> | ![](http://evil.example) |",
    "1. <b>x</b>\n- <i>y</i>\n# <u>z</u>\n> <s>q</s>",
    ":red-background[x] :material/delete: $\\href{http://evil.example}{x}$",
    "&lt;b&gt; &#60;script&#62;",
    "\ue000314\ue001 \ue100\ue000<b>\ue001\ue100",
    "**a ** b** `c **d` e**",
]


def tags(html: str) -> list[str]:
    """The tags as written, without what stands between them."""
    return re.findall(r"<[^>]*>", html)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_text_becomes_markup(text: str) -> None:
    """Hostile text gives only our own tags, with our own attributes, and no address in any of them."""
    with_figures = f"{text}\n314 and 99 {text}"
    for html in (
        answer_html(text),
        answer_html(with_figures, check_figures(with_figures, "", {1: RESULT}), "query-1"),
        plain_html(text),
    ):
        for tag in tags(html):
            assert re.sub(r"[</>]|\s.*", "", tag, flags=re.DOTALL) in OUR_TAGS, tag
            assert not re.search(r"evil|alert|\son\w+=|src=", re.sub(r'(title|aria-label)="[^"]*"', "", tag))
            assert not re.search(r'href="(?!#query-1-\d+")', tag), tag


def test_markdown_is_kept() -> None:
    """Paragraphs, emphasis, lists, tables, quotes, headings and code look like what they are."""
    html = answer_html(
        "# Women\nThe **first** and *second* `a_b*c*`\nnext line\n\n- one\n- two\n\n3. three\n\n"
        "| sex | n |\n|---|--:|\n| f | 314 |\n\n> said\n\n```sql\nSELECT 1 < 2\n```"
    )
    assert "<h4>Women</h4>" in html
    assert "<p>The <strong>first</strong> and <em>second</em> <code>a_b*c*</code><br>next line</p>" in html
    assert "<ul><li>one</li><li>two</li></ul>" in html
    assert '<ol start="3"><li>three</li></ol>' in html
    assert "<tr><th>sex</th><th>n</th></tr><tr><td>f</td><td>314</td></tr>" in html
    assert "<blockquote>said</blockquote>" in html
    assert "<pre><code>SELECT 1 &lt; 2</code></pre>" in html


@pytest.mark.parametrize("text", ["sib_sp and par_ch", "2 * 3 * 4", "a*b*c", "5 ** 2", "lone ` sign"])
def test_signs_that_are_no_markdown_stay(text: str) -> None:
    """Column names, products and lone signs are not taken for emphasis."""
    assert answer_html(text) == f'<div class="answer" dir="auto"><p>{text}</p></div>'


def test_figures_are_marked_and_lead_to_their_query() -> None:
    """A figure of a result links to its card; one that stands in no result is flagged in words."""
    text = "There were **314** women and 99 cats."
    html = answer_html(text, check_figures(text, "How many?", {1: RESULT}), "query-7")
    assert re.search(r'<span class="founded"[^>]*>314</span><sup><a href="#query-7-1"', html)
    assert re.search(r'<mark class="unfounded"[^>]*>99<span class="flag"', html)
    assert "not in a result" in html


def test_a_figure_that_was_asked_for_is_left_alone() -> None:
    """What the question named is neither evidence nor a flaw."""
    text = "Of those under 16, 314 were women."
    html = answer_html(text, check_figures(text, "How many under 16?", {1: RESULT}), "q")
    assert "under 16, <span" in html


@pytest.mark.parametrize("text", ["1. 314 women", "| n |\n|---|\n| 314 |", "# 314", "- **314**", "> 314"])
def test_figures_are_marked_in_every_block(text: str) -> None:
    """A figure at the start of a list, table, heading or quote does not break that block."""
    html = answer_html(text, check_figures(text, "", {1: RESULT}), "q")
    assert ">314</span>" in html
    assert re.search(r"<(ol|table|h4|ul|blockquote)", html)


def test_what_cannot_be_seen_is_taken_out() -> None:
    """Characters that turn the direction of the text, or that we use ourselves, are gone; letters stay."""
    html = answer_html("abc\u202edef\u2066 \ue123 שלום\x00\x1b[0m")
    assert not re.search(r"[\u202e\u2066\ue123\x00\x1b]", html)
    assert "שלום" in html
    assert "\u202e" not in plain_html("a\u202eb")
