"""Which format a raw file has, told by its first bytes; everything that is no table is refused by name.

Covers what downloads and exports really deliver in place of a table: web pages, JSON, archives, other
databases, UTF-16, nothing at all. Does not look past the first block; damage further in is found by the
readers in `csv_file.py` and `parquet_file.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from data_pipeline.errors import DataRefused

FIRST_BLOCK_BYTES = 65_536
UTF8_BOM = b"\xef\xbb\xbf"
USE_ANOTHER_FILE = "Give a CSV or Parquet file with the Titanic columns."

OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ARROW1", "an Arrow or Feather file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"%PDF", "a PDF document"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
"""First bytes and what they announce. Signatures: the formats' own specifications."""


def detect_format(path: Path) -> Literal["csv", "parquet"]:
    """The format, "parquet" or "csv"; raises `DataRefused` for an unreadable, empty or foreign file."""
    block = _first_block(path)
    if not block:
        raise DataRefused(f"{path.name} is empty (0 bytes).", "Download it again, or choose another source.")
    if block.startswith(b"PAR1"):
        return "parquet"
    for signature, description in OTHER_FORMATS:
        if block.startswith(signature):
            raise _is_not_a_table(path, description)
    _refuse_foreign_text(path, block)
    return "csv"


def _first_block(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FIRST_BLOCK_BYTES)
    except OSError as error:
        raise DataRefused(
            f"{path.name} cannot be read ({error.strerror}).", "Check the file's name and its permissions."
        ) from error


def _refuse_foreign_text(path: Path, block: bytes) -> None:
    if b"\x00" in block:
        raise _is_not_a_table(path, _describe_nul_bytes(block))
    text = block.removeprefix(UTF8_BOM).lstrip()
    if not text:
        raise DataRefused(f"{path.name} holds only blank lines.", USE_ANOTHER_FILE)
    if text.startswith(b"<"):
        raise _is_not_a_table(path, "a web page or XML")
    if text.startswith((b"{", b"[")):
        raise _is_not_a_table(path, "JSON")


def _describe_nul_bytes(block: bytes) -> str:
    """NUL in every second byte is UTF-16 without its mark; anything else is binary or damaged."""
    if block.count(b"\x00") > len(block) // 3:
        return "UTF-16 text"
    line = block.count(b"\n", 0, block.index(b"\x00")) + 1
    return f"binary or damaged: a NUL byte stands in line {line} (byte {block.index(0) + 1})"


def _is_not_a_table(path: Path, description: str) -> DataRefused:
    remedy = "Save it as UTF-8 and try again." if "UTF-16" in description else USE_ANOTHER_FILE
    return DataRefused(f"{path.name} is {description}; a CSV file in UTF-8 or Parquet was expected.", remedy)
