"""The documents agree with the code: commands, settings, columns, files and figures."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer

from data_pipeline import cli
from data_pipeline.build_report import column_table
from data_pipeline.settings import Settings
from data_pipeline.table import COLUMNS, create_table_sql
from llm_agent import evaluate
from llm_agent.evaluation.questions import own_questions, read_questions
from llm_agent.settings import DEFAULT_MODEL
from llm_agent.settings import Settings as ChatSettings
from llm_agent.turns import turn_limits

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text()
DATA_README = (PROJECT / "data" / "README.md").read_text()
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def command_names() -> set[str]:
    """Every way to call `titanic-pipeline`: its options and subcommands."""
    group = typer.main.get_command(cli.app)
    assert hasattr(group, "commands")
    options = {option for parameter in group.params for option in parameter.opts if option != "--help"}
    return options | set(group.commands)


def test_readme_names_every_command() -> None:
    """Each script, option and subcommand stands in the README, and it invents none."""
    for script in PYPROJECT["project"]["scripts"]:
        assert f"`{script}`" in README
    documented = set(re.findall(r"`titanic-pipeline (--\w+|\w+)", README))
    assert documented == command_names()


def test_readme_names_every_option_of_the_evaluation() -> None:
    """Each option of `titanic-eval` stands in the README, and no other; so does the number of questions."""
    parameters = typer.main.get_command(evaluate.app).params
    options = {option for parameter in parameters for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"`titanic-eval(?: [A-Z][\w.]+)? (--[\w-]+)", README)) == options - {"--help"}
    questions = len(read_questions(own_questions()))
    assert f"asks {questions} questions" in README
    assert f"{questions} questions" in (PROJECT / "docs" / "evaluation.md").read_text()


def test_readme_names_every_setting() -> None:
    """The table of settings has exactly the settings of the code."""
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    fields = [*Settings.model_fields.values(), *ChatSettings.model_fields.values()]
    assert documented == {field.validation_alias for field in fields}
    assert f"| `{DEFAULT_MODEL}` |" in README


def test_readme_tells_the_true_bounds_of_a_turn() -> None:
    """Rounds, queries and seconds of a turn are those of the code."""
    rounds, queries, seconds = turn_limits.MAX_ROUNDS, turn_limits.MAX_QUERIES, turn_limits.MAX_SECONDS
    assert f"{rounds} rounds, {queries} queries or {seconds:.0f} seconds" in README


def test_readme_names_every_column() -> None:
    """README and the data's README name each column of the table, with the contract's own words."""
    assert all(f"`{column.name}`" in README for column in COLUMNS)
    for row in column_table():
        assert f"| {' | '.join(row.values())} |" in DATA_README


def test_the_schema_is_the_published_interface() -> None:
    """The CREATE TABLE statement that others rely on does not change by accident."""
    assert create_table_sql() == (
        "CREATE TABLE titanic (passenger_id INTEGER PRIMARY KEY, survived INTEGER NOT NULL, "
        "pclass INTEGER NOT NULL, name TEXT, sex TEXT NOT NULL, age REAL, sibsp INTEGER NOT NULL, "
        "parch INTEGER NOT NULL, ticket TEXT, fare REAL, cabin TEXT, embarked TEXT) STRICT"
    )


@pytest.mark.parametrize(
    "document",
    ["README.md", "data/README.md", "benchmarks/README.md", "docs/providers.md", "docs/evaluation.md"],
)
def test_files_that_documents_name_exist(document: str) -> None:
    """Each local link of a document leads to a file."""
    text = (PROJECT / document).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert ((PROJECT / document).parent / target).exists(), target


def test_the_annotated_tree_is_true() -> None:
    """Each file or folder of the README's tree exists."""
    tree = README.split("## Where things are")[1].split("```")[1]
    folder = Path()
    for line in tree.strip().splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = Path(name) if name.endswith("/") else Path()
            assert (PROJECT / name).exists(), name
        else:
            assert (PROJECT / folder / name).exists(), name


def test_make_has_the_two_commands() -> None:
    """`make app` and `make test` are targets, and CI runs the README's test command."""
    makefile = (PROJECT / "Makefile").read_text()
    for target in ("app", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert f"make {target} " in README
    assert re.search(r"^make test$", (PROJECT / ".ci" / "run").read_text(), re.MULTILINE)


def test_unusual_dependencies_give_their_reason() -> None:
    """The cap on fastapi stands where pip sees it, and the resolution is pinned by date."""
    assert any(re.match(r"fastapi.*<0\.151", entry) for entry in PYPROJECT["project"]["dependencies"])
    assert PYPROJECT["tool"]["uv"]["exclude-newer"]


def test_the_installed_package_brings_the_snapshot() -> None:
    """The wheel holds the shipped CSV where `snapshot_path` looks for it, so pip users can build offline."""
    included = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {
        "data/titanic.csv": "data_pipeline/titanic.csv",
        "docs/questions.jsonl": "llm_agent/questions.jsonl",
    }
    assert (PROJECT / "data" / "titanic.csv").is_file()
