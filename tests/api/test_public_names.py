"""The names that `from bort import ...` offers: types, documents, and nothing by accident."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import bort

ROOT = Path(__file__).parents[2]
NAMES = [name for name in bort.__all__ if name != "__version__"]


def members(name):
    thing = getattr(bort, name)
    if not inspect.isclass(thing):
        return {name: thing}
    own = {
        f"{name}.{key}": value
        for key, value in vars(thing).items()
        if not key.startswith("_")
        and (callable(value) or isinstance(value, classmethod | property))
    }
    return {name: thing, **own}


FOUND = {path: member for name in NAMES for path, member in members(name).items()}


def test_the_names_are_these() -> None:
    assert NAMES == [
        "Agora",
        "Certificate",
        "LatencyProfile",
        "TextClassifier",
        "TextClassifierSearch",
        "search_space",
        "search_table",
    ]
    assert set(NAMES) <= set(dir(bort))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = bort.nothing_of_the_kind


def test_type_checkers_know_the_same_names() -> None:
    stub = ast.parse((ROOT / "bort" / "__init__.pyi").read_text("utf-8"))
    known = {
        f"{node.module}.{alias.asname}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert known == {f"{module}.{name}" for name, module in bort._NAMES.items()}


@pytest.mark.parametrize("path", FOUND)
def test_each_has_a_document_and_types(path: str) -> None:
    member = FOUND[path]
    assert (inspect.getdoc(member) or "").strip()
    function = member.fget if isinstance(member, property) else member
    function = getattr(function, "__func__", function)
    if inspect.isclass(function):
        function = function.__init__
    given = set(inspect.signature(function).parameters) - {"self", "cls"}
    assert given <= set(get_type_hints(function)), "a parameter without a type"


@pytest.mark.parametrize("path", [p for p in FOUND if inspect.isclass(FOUND[p])])
def test_every_parameter_is_explained(path: str) -> None:
    text = inspect.getdoc(FOUND[path])
    given = set(inspect.signature(FOUND[path]).parameters) - {"content", "profile"}
    assert [name for name in given if name not in text] == []


def test_the_base_says_which_extra_is_missing() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import bort\n"
        "try:\n    bort.TextClassifierSearch\n"
        "except ImportError as error:\n    print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs the package sklearn" in out.stdout
    assert "bort[train]" in out.stdout
