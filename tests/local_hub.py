"""A stand-in for the Hugging Face Hub on 127.0.0.1, with the dataset `mstz/titanic` as the real one has it.

    with LocalHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path))  # a warm cache would hide errors

The branch `main` holds a loading script, which the library refuses, `refs/convert/parquet` the rows in the
Hub's own coding. `fault` makes it misbehave. Also runs by hand: `python tests/local_hub.py [FAULT]`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST_S = 120.0
CSV_PATH = Path(__file__).parent.parent / "data" / "titanic.csv"
DATASET = "mstz/titanic"
MAIN_COMMIT, PARQUET_COMMIT = "1" * 40, "2c0ffee" + "2" * 33
PARQUET_FILE = "default/train/0000.parquet"

Fault = Literal[
    "503", "429", "silent", "silent tree", "no such dataset", "no conversion", "damaged", "no script"
]


@functools.cache
def hub_parquet() -> bytes:
    """The Titanic rows as Parquet in the Hub's coding: no id and no names, unknown age -1, text quoted."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    rows = pyarrow.csv.read_csv(CSV_PATH).to_pydict()

    def quoted(value: object) -> str:
        text = str(value)
        return f"'{text}'" if " " in text or not text else text

    columns: dict[str, pa.Array] = {
        "passenger_class": pa.array(rows["pclass"], pa.int8()),
        "is_male": pa.array([sex == "male" for sex in rows["sex"]]),
        "age": pa.array([-1.0 if age is None else float(age) for age in rows["age"]], pa.float64()),
        "sibsp": pa.array(rows["sibsp"], pa.float64()),
        "parch": pa.array(rows["parch"], pa.float64()),
        "ticket": pa.array([quoted(ticket) for ticket in rows["ticket"]]),
        "fare": pa.array(rows["fare"], pa.float64()),
        "cabin": pa.array([quoted(cabin) for cabin in rows["cabin"]]),
        "embarked": pa.array([quoted(port) for port in rows["embarked"]]),
        "has_survived": pa.array(rows["survived"], pa.int64()),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@dataclass(frozen=True)
class Branch:
    """A revision of the dataset: its name, its commit and its files."""

    name: str
    commit: str
    files: Mapping[str, bytes]


def _branches(fault: Fault | None) -> list[Branch]:
    parquet = b"PAR1 and then nothing of the sort" if fault == "damaged" else hub_parquet()
    card = {"README.md": b"---\nlanguage: en\n---\n# Titanic\n"}
    main = {PARQUET_FILE: parquet} if fault == "no script" else {"titanic.py": b"raise SystemExit\n"}
    branches = [Branch("main", MAIN_COMMIT, card | main)]
    if fault != "no conversion":
        branches.append(Branch("refs/convert/parquet", PARQUET_COMMIT, {PARQUET_FILE: parquet}))
    return [] if fault == "no such dataset" else branches


class LocalHub(ThreadingHTTPServer):
    """The server; `url` is for HF_ENDPOINT, `paths` lists what was asked, in order."""

    daemon_threads = True

    def __init__(self, fault: Fault | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.fault = fault
        self.branches = _branches(fault)
        self.paths: list[str] = []
        self.stopping = threading.Event()

    def __enter__(self) -> LocalHub:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    """Answers `/datasets/R/resolve/REV/FILE` and `/api/datasets/R/{revision,tree,paths-info}/REV[/PATH]`."""

    server: LocalHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.paths.append(path)
        with suppress(OSError):  # the client hung up
            if not self._misbehave(path):
                self._answer_for(path)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _misbehave(self, path: str) -> bool:
        fault = self.server.fault
        if fault == "silent" or (fault == "silent tree" and "/tree/" in path):
            self.server.stopping.wait(LONGEST_S)
            self.close_connection = True
        elif fault in ("503", "429"):
            self._send(int(fault), b"later", {"Retry-After": "7"})
        else:
            return False
        return True

    def _answer_for(self, path: str) -> None:
        _, _, rest = path.partition(f"datasets/{DATASET}/")
        what, _, where = rest.partition("/")
        if not rest or not self.server.branches:
            return self._missing("RepoNotFound", status=401)
        for branch in self.server.branches:
            for revision in (branch.name, branch.commit):
                if f"{where}/".startswith(f"{revision}/"):
                    return self._answer_in(branch, what, where.removeprefix(revision).strip("/"))
        return self._missing("RevisionNotFound")

    def _answer_in(self, branch: Branch, what: str, path: str) -> None:
        entries = _entries(branch, path)
        if what == "revision":
            self._json({"id": DATASET, "sha": branch.commit, "private": False, "tags": [], "siblings": []})
        elif what == "paths-info":
            wanted = self.form.get("paths", [])
            self._json([entry for entry in _entries(branch, "") if entry["path"] in wanted])
        elif what == "tree" and entries:
            deep = "recursive=true" in self.path.lower()
            self._json([entry for entry in entries if deep or _is_in(path, entry["path"])])
        elif what == "resolve" and path in branch.files:
            body = branch.files[path]
            self._send(200, body, {"X-Repo-Commit": branch.commit, "ETag": f'"{_oid(body)}"'})
        else:
            self._missing("EntryNotFound", commit=branch.commit)

    def _missing(self, code: str, status: int = 404, commit: str = "") -> None:
        self._send(status, b"", {"X-Error-Code": code, **({"X-Repo-Commit": commit} if commit else {})})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entries(branch: Branch, folder: str) -> list[dict[str, Any]]:
    """All folders and files under a folder ("" is the root), as the tree call lists them."""
    prefix = f"{folder}/" if folder else ""
    files = {path: body for path, body in branch.files.items() if path.startswith(prefix)}
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {".", folder}
    return [
        *({"type": "directory", "path": path, "oid": _oid(path.encode()), "size": 0} for path in folders),
        *(
            {"type": "file", "path": path, "oid": _oid(body), "size": len(body)}
            for path, body in files.items()
        ),
    ]


def _is_in(folder: str, path: str) -> bool:
    """True for what lies in the folder itself and not deeper."""
    return str(PurePosixPath(path).parent) == (folder or ".")


def _oid(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    named: Any = sys.argv[1] if len(sys.argv) > 1 else None
    with LocalHub(named) as running:
        input(f"HF_ENDPOINT={running.url}\nFaults: {', '.join(get_args(Fault))}\nEnter stops it. ")
