"""The two layers stay apart: who may import whom, read from the source of every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(PROJECT)
    for pattern in ("streamlit_app.py", "pages/*.py", "data_pipeline/*.py", "llm_agent/**/*.py")
    for path in PROJECT.glob(pattern)
)
MAY_IMPORT_PREFECT = {"data_pipeline/titanic_pipeline.py", "data_pipeline/prefect_runtime.py"}


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by its full dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports here are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def packages_of(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    return {name.partition(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    """Only pages import Streamlit, only two modules import Prefect, and no layer imports another's inside."""
    layer = path.parts[0]
    packages = packages_of(path)
    is_page = layer in {"pages", "streamlit_app.py"}
    assert is_page or not {"streamlit", "pages"} & packages
    assert "prefect" not in packages or path.as_posix() in MAY_IMPORT_PREFECT
    if layer == "data_pipeline":
        assert not {"llm_agent", "openai"} & packages
    if layer == "llm_agent":
        other_layer = {name for name in imports_of(path) if name.startswith("data_pipeline")}
        assert all(name.startswith("data_pipeline.table") for name in other_layer - {"data_pipeline"})


def test_the_rules_see_every_module() -> None:
    """The check above is not empty: it reads the flow, the entry and the pages."""
    names = {path.as_posix() for path in MODULES}
    assert {"streamlit_app.py", "pages/_shell.py", "data_pipeline/titanic_pipeline.py"} <= names
    assert "prefect" in packages_of(Path("data_pipeline/titanic_pipeline.py"))
