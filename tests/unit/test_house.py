"""The rules of the house: sizes, names, no stranger under our names, no registry."""

import ast
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "api_gateway", "benchmarks", "cli", "demo", "model_deployer", "model_trainer", "shared",
    "workers",
)  # fmt: skip
FILES = sorted(
    [file for room in (*ROOMS, "migrations", "tests") for file in (ROOT / room).rglob("*.py")]
    + [ROOT / "embedded.py"]
)
MAX_FILE, MAX_FUNCTION = 400, 40


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body; signature and docstring are documentation."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert _length(node) <= MAX_FUNCTION, f"{node.name} has {_length(node)} lines"


def test_no_file_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not [file for file in FILES if set(file.stem.split("_")) & vague]


def test_no_installed_distribution_owns_our_top_level_names() -> None:
    owners = packages_distributions()
    for name in (*ROOMS, "embedded"):
        assert set(owners.get(name, ())) <= {"trackloop"}


def test_no_registry_is_named_in_the_repository() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js."]
    tracked = subprocess.run(
        ["git", "grep", "-nIlE", "|".join(hosts)],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tracked.returncode == 1, tracked.stdout + tracked.stderr


def test_only_the_command_imports_the_whole_service() -> None:
    """import-linter knows packages only, and this is a file."""
    importing = {
        file.relative_to(ROOT).parts[0]
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module == "embedded")
        or (isinstance(node, ast.Import) and any(name.name == "embedded" for name in node.names))
    }
    assert importing == {"cli"}
