"""A model's text as HTML of our own making: a little Markdown, its figures marked, the rest as letters.

Every character of the text is escaped before a tag is put around it, so a model, or a cell that it repeats,
can make no link, image, script, style, formula, directive or control of this page. Covered: paragraphs,
headings, lists, tables, quotes, fenced code, bold, italics, code. A link becomes its text and its address,
both to read and not to click. Characters that turn the direction of what follows are taken out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from llm_agent.grounding import CheckedFigure

OPEN, CLOSE, FIRST = "\ue000", "\ue001", 0xE100
"""Private characters that mark the figures while the text becomes HTML; they are taken out of it before."""
INVISIBLE: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\ue000-\uf8ff\x00-\x08\x0b-\x1f\x7f]")
FENCE: Final = re.compile(r"^\s*(```|~~~)")
BULLET, NUMBERED = re.compile(r"^\s*[-*•+]\s+(?=\S)"), re.compile(r"^\s*(\d{1,4})[.)]\s+(?=\S)")
HEADING, QUOTE = re.compile(r"^#{1,6}\s+(?=\S)"), re.compile(r"^>\s?")
ROW: Final = re.compile(r"^\s*\|.*\|\s*$")
RULE: Final = re.compile(r"^[\s|:-]+$")
FLAG: Final = "not in a result"


def answer_html(text: str, figures: Sequence[CheckedFigure] = (), anchor: str = "") -> str:
    """The text as HTML; figures are marked, and link to `#{anchor}-{query}` where they stand in a result.

    >>> answer_html("**Yes**: ![x](http://h)")
    '<div class="answer" dir="auto"><p><strong>Yes</strong>: x (http://h)</p></div>'
    """
    body = "".join(_blocks(_with_marks(text, figures).splitlines()))
    return f'<div class="answer" dir="auto">{_figures_drawn(body, figures, anchor)}</div>'


def plain_html(text: str) -> str:
    """Text as it was typed: letters and line breaks, nothing else."""
    return f'<div class="answer typed" dir="auto">{html.escape(INVISIBLE.sub("", text))}</div>'


def _with_marks(text: str, figures: Sequence[CheckedFigure]) -> str:
    """The text with a private character before and behind each figure; others of their kind are out."""
    parts, end = [], 0
    for index, figure in enumerate(figures):
        if figure.start < end or figure.status == "question":
            continue
        parts += [
            INVISIBLE.sub("", text[end : figure.start]),
            chr(FIRST + index) + OPEN,
            INVISIBLE.sub("", text[figure.start : figure.end]),
            CLOSE + chr(FIRST + index),
        ]
        end = figure.end
    return "".join([*parts, INVISIBLE.sub("", text[end:])])


def _figures_drawn(body: str, figures: Sequence[CheckedFigure], anchor: str) -> str:
    """The private characters replaced by what marks a figure."""

    def mark(match: re.Match[str]) -> str:
        return _marked(match[2], figures[ord(match[1]) - FIRST], anchor)

    return re.sub(rf"(.){OPEN}(.*?){CLOSE}\1", mark, body, flags=re.DOTALL)


def _marked(inner: str, figure: CheckedFigure, anchor: str) -> str:
    how = html.escape(figure.how, quote=True)
    if figure.status == "unmatched":
        return (
            f'<mark class="unfounded" title="{how}">{inner}<span class="flag" role="note">'
            f"&#9888;&#xFE0E;&nbsp;{FLAG}</span></mark>"
        )
    link = ""
    if figure.query is not None:
        link = (
            f'<sup><a href="#{html.escape(anchor, quote=True)}-{figure.query}" '
            f'aria-label="Query {figure.query}: {how}">{figure.query}</a></sup>'
        )
    return f'<span class="founded" title="{how}">{inner}</span>{link}'


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """The lines as paragraphs, lists, tables and code."""
    rest = list(lines)
    while rest:
        if FENCE.match(rest[0]):
            end = next((n for n, line in enumerate(rest[1:], 1) if FENCE.match(line)), len(rest))
            yield f"<pre><code>{html.escape(chr(10).join(rest[1:end]))}</code></pre>"
            rest = rest[end + 1 :]
            continue
        size = next((n for n, line in enumerate(rest) if FENCE.match(line)), len(rest))
        for kind, group in groupby(rest[:size], key=_kind):
            yield from _block(kind, list(group))
        rest = rest[size:]


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    kinds = {"bullet": BULLET, "numbered": NUMBERED, "heading": HEADING, "quote": QUOTE, "row": ROW}
    shown = re.sub(rf"[{OPEN}{CLOSE}]|[{chr(FIRST)}-\uf8ff]", "", line)
    return next((name for name, pattern in kinds.items() if pattern.match(shown)), "text")


def _block(kind: str, lines: list[str]) -> Iterator[str]:
    match kind:
        case "bullet":
            items = "".join(f"<li>{_inline(BULLET.sub('', line))}</li>" for line in lines)
            yield f"<ul>{items}</ul>"
        case "numbered":
            yield _ordered_list(lines)
        case "heading":
            yield from (f"<h4>{_inline(HEADING.sub('', line))}</h4>" for line in lines)
        case "quote":
            yield f"<blockquote>{_lines(QUOTE.sub('', line) for line in lines)}</blockquote>"
        case "row":
            yield _table(lines)
        case "text":
            yield f"<p>{_lines(lines)}</p>"


def _ordered_list(lines: list[str]) -> str:
    first = NUMBERED.match(lines[0])
    items = "".join(f"<li>{_inline(NUMBERED.sub('', line))}</li>" for line in lines)
    return f'<ol start="{first[1] if first else 1}">{items}</ol>'


def _table(lines: list[str]) -> str:
    rows = [line.strip().strip("|").split("|") for line in lines if not RULE.match(line)]
    drawn = [
        "".join(f"<{tag}>{_inline(cell.strip())}</{tag}>" for cell in row)
        for row, tag in zip(rows, ["th"] + ["td"] * len(rows), strict=False)
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in drawn)}</table>"


def _lines(lines: Iterable[str]) -> str:
    return "<br>".join(_inline(line) for line in lines)


def _inline(text: str) -> str:
    """One line, escaped, with bold, italics and code; what stands in code keeps its signs."""
    parts = html.escape(text, quote=True).split("`")
    if len(parts) % 2 == 0:  # a lone sign is only a sign
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return "".join(_styled(part) if n % 2 == 0 else f"<code>{part}</code>" for n, part in enumerate(parts))


def _styled(text: str) -> str:
    text = re.sub(r"!?\[([^\[\]]*)\]\(([^()\s]*)[^()]*\)", r"\1 (\2)", text)
    text = re.sub(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])[*](?=[^\s*])([^*]+?)(?<=\S)[*](?![\w*])", r"<em>\1</em>", text)
