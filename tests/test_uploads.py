"""An uploaded file is checked on the server's side, whatever the browser said."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from data_pipeline import uploads
from data_pipeline.errors import DataRefused
from data_pipeline.uploads import save_upload


def test_a_good_upload_is_kept_under_its_name(tmp_path: Path) -> None:
    """The bytes stand unchanged under the user's own file name, inside the given folder."""
    path = save_upload("My passengers (1).csv", b"PassengerId\n1\n", tmp_path)
    assert path.name == "My_passengers_1_.csv"
    assert path.read_bytes() == b"PassengerId\n1\n"
    assert tmp_path in path.parents


@pytest.mark.parametrize(
    ("name", "content", "piece"),
    [
        ("table.xlsx", b"PK\x03\x04", "neither .csv nor .parquet"),
        ("csv", b"a", "neither .csv nor .parquet"),
        ("empty.csv", b"", "0 bytes"),
        ("wrong.parquet", b"PassengerId\n1\n", "is not parquet"),
        ("wrong.csv", b"PAR1xxxx", "is not csv"),
    ],
)
def test_a_bad_upload_is_refused(tmp_path: Path, name: str, content: bytes, piece: str) -> None:
    """A wrong type, an empty file or a false name is refused in words, and nothing is written."""
    with pytest.raises(DataRefused, match=piece) as refused:
        save_upload(name, content, tmp_path)
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_oversized_upload_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is refused with both numbers."""
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10)
    with pytest.raises(DataRefused, match=r"11 bytes; 1 to 10 were expected"):
        save_upload("big.csv", b"x" * 11, tmp_path)


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "a/../../evil.csv"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    """A name with folders in it ends up inside the upload folder all the same."""
    assert tmp_path in save_upload(name, b"x", tmp_path).resolve().parents


def test_uploads_of_yesterday_are_swept(tmp_path: Path) -> None:
    """An upload older than a day is removed when the next one comes."""
    old = save_upload("old.csv", b"old", tmp_path)
    yesterday = time.time() - uploads.KEPT_S - 60
    os.utime(old.parent, (yesterday, yesterday))
    save_upload("new.csv", b"new", tmp_path)
    assert not old.exists()
