"""Text of data, files and addresses in Markdown as it is: no link, image, colour or icon comes out of it."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~:$-])")


def plain(text: str) -> str:
    r"""The text with all that Markdown would act on escaped.

    >>> plain("![x](http://h) :red[y]")
    '\\!\\[x\\]\\(http\\://h\\) \\:red\\[y\\]'
    """
    return _MARKUP.sub(r"\\\1", text)
