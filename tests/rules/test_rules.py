"""The code follows its rules, and each rule notices a planted violation."""

import re
import subprocess
import sys

import pytest
from rules import (
    FLOORS,
    HEAVY,
    ROOT,
    RULES,
    TOP,
    Module,
    Rule,
    cycles,
    each_edge_has_one_owner,
    figures_are_pure,
    files_stay_short,
    heavy_at_import,
    imports_go_down,
    modules,
    no_sentence_is_compared,
    nothing_unpickles,
    pages_are_thin,
    pure_rooms_stay_pure,
)

# Messages of other programs that offer no code instead.
FOREIGN = {
    "bort.tasks.fetch: compares 'DO NOT MATCH THE HASHES'",  # pip
    "bort.tasks.fetch: compares 'No module named pip'",
    "bort.tasks.fetch: compares 'No space left'",
    "bort.tasks.fetch: compares 'Errno 28'",
    "bort.jobs.runtime.attempt: compares str(error)",  # torch
    # Messages that an older bort stored.
    "bort.storage.migrations.versions.v0004_codes: compares 'cancellation requested'",
    r"bort.storage.migrations.versions.v0004_codes: compares 'attempt (\\d+) begins'",
    "bort.storage.migrations.versions.v0004_codes: "
    "compares '(done|failed|cancelled|lost)(?:: (.*))?'",
    "bort.export.upload: compares ' For more information'",  # the hub's client
}

# Still to be fixed. This list may only get shorter.
KNOWN: set[str] = set()

OURS = modules("bort", "benchmarks", "pages", "app.py", "shared_app.py")


def broken(rule: Rule, module: Module) -> dict[str, str]:
    """Return violations as FOREIGN and KNOWN write them, each with its line."""
    return {
        f"{module.name}: {re.sub(r'^line [0-9]+ ', '', what)}": f"{module.name}: {what}"
        for what in rule(module)
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    found: dict[str, str] = {}
    for module in OURS:
        found |= broken(rule, module)
    assert [found[what] for what in sorted(found.keys() - FOREIGN - KNOWN)] == []


PLANTED = [
    (imports_go_down, "bort.search.loop", "from bort.report import terminal"),
    (imports_go_down, "bort.core.study", "def late():\n    import bort.families.bert"),
    (
        imports_go_down,
        "bort.tasks.load",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bort.search import Answer",
    ),
    (imports_go_down, "bort.ui.home", "from bort.cli.main import bort"),
    (imports_go_down, "bort.cli.app", "from bort.ui import kit"),
    (imports_go_down, "bort.api.search", "from bort.cli import options"),
    (imports_go_down, "bort.cli.bench", "from benchmarks.search import command"),
    (imports_go_down, "bort.cellar.wine", "import json"),
    (imports_go_down, "bort.agora.loop.run", "from ...report import terminal"),
    (pages_are_thin, "pages.search", "from bort.training.loop import train"),
    (pages_are_thin, "app", "import bort.cli.main"),
    (pure_rooms_stay_pure, "bort.search.loop", "import pandas"),
    (pure_rooms_stay_pure, "bort.search.check.verify", "def f():\n    import time"),
    (pure_rooms_stay_pure, "bort.agora.loop.run", "import torch"),
    (pure_rooms_stay_pure, "bort.search.loop", "print('found')"),
    (pure_rooms_stay_pure, "bort.search.loop", "import numpy as np\nnp.random.seed(0)"),
    (each_edge_has_one_owner, "bort.jobs.watch", "import sqlalchemy as sa"),
    (each_edge_has_one_owner, "bort.report.words", "import streamlit as st"),
    (each_edge_has_one_owner, "bort.studies.estimates", "from alembic import op"),
    (figures_are_pure, "bort.figures.front", "import torch"),
    (figures_are_pure, "bort.figures.front", "from sklearn.manifold import TSNE"),
    (nothing_unpickles, "bort.training.loop", "import pickle"),
    (nothing_unpickles, "bort.training.loop", "torch.load(path)"),
    (nothing_unpickles, "bort.training.loop", "np.load(path, allow_pickle=True)"),
    (nothing_unpickles, "bort.training.loop", "np.load(path)"),
    (nothing_unpickles, "bort.tasks.hub", "load_dataset(name, trust_remote_code=True)"),
    (files_stay_short, "bort.search.loop", "pass\n" * 401),
    (no_sentence_is_compared, "bort.ui.home", "if status == 'assumption violated':\n    pass"),
    (no_sentence_is_compared, "bort.ui.home", "event.text.startswith('attempt ')"),
    (no_sentence_is_compared, "bort.ui.home", "found = 'is full' in text"),
    (no_sentence_is_compared, "bort.ui.home", "found = text in ('all trained', 'some')"),
    (no_sentence_is_compared, "bort.ui.home", "import re\nre.match('attempt [0-9]+', text)"),
    (no_sentence_is_compared, "bort.ui.home", "found = text == f'attempt {number}'"),
    (no_sentence_is_compared, "bort.ui.home", "found = 'locked' in str(error)"),
    (no_sentence_is_compared, "bort.ui.home", "found = error.args[0] == 'locked'"),
    (no_sentence_is_compared, "bort.ui.home", "found = event.message == WAITING"),
    (no_sentence_is_compared, "bort.ui.home", "match text:\n    case 'not yet':\n        pass"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    PLANTED,
    ids=[f"{r.__name__}-{i}" for i, (r, *_) in enumerate(PLANTED)],
)
def test_the_rule_notices_what_breaks_it(rule: Rule, name: str, source: str) -> None:
    assert broken(rule, Module(name, source))


FINE = [
    (imports_go_down, "bort.report.search", "from bort.search import Answer\nimport bort.core"),
    (imports_go_down, "bort.cli.search", "from bort.jobs import resume"),
    (pages_are_thin, "pages.search", "from bort.ui.kit import frame"),
    (pure_rooms_stay_pure, "bort.search.loop", "import numpy\nimport scipy.optimize\nimport math"),
    (pure_rooms_stay_pure, "bort.agora.text.run", "import torch"),
    (each_edge_has_one_owner, "bort.storage.database", "import sqlalchemy, sqlite3"),
    (figures_are_pure, "bort.figures.front", "import plotly.graph_objects as go"),
    (nothing_unpickles, "bort.core.files", "np.load(path, allow_pickle=False)"),
    (files_stay_short, "bort.search.loop", "pass\n" * 400),
    (no_sentence_is_compared, "bort.ui.home", "reason = ' '.join(str(error).split())"),
    (no_sentence_is_compared, "bort.ui.home", "found = kind == 'cover' and ' ' in text"),
]


@pytest.mark.parametrize(("rule", "name", "source"), FINE)
def test_the_rule_lets_pass_what_keeps_it(rule: Rule, name: str, source: str) -> None:
    assert not broken(rule, Module(name, source))


def test_every_package_has_a_floor() -> None:
    folders = {path.parent.name for path in (ROOT / "bort").glob("*/__init__.py")}
    assert folders == {*FLOORS, *TOP}


@pytest.mark.parametrize("of_folders", [True, False])
def test_nothing_imports_in_a_circle(of_folders: bool) -> None:
    found = cycles([m for m in OURS if m.name.startswith("bort")], of_folders=of_folders)
    assert found == []


def test_circles_are_noticed() -> None:
    package = Module("bort.a", "from bort.a.one import f", is_package=True)
    planted = [
        package,
        Module("bort.a.one", "def f():\n    from bort.b import two"),
        Module("bort.b", "", is_package=True),
        Module("bort.b.two", "from bort.a import f"),
    ]
    assert cycles(planted, of_folders=True) == [{"bort.a", "bort.b"}]
    assert cycles(planted, of_folders=False) == [{"bort.a", "bort.a.one", "bort.b.two"}]
    assert cycles([package, Module("bort.a.one", "")], of_folders=False) == []


# `api` needs scikit-learn; `import bort` loads it when a name is used.
LIGHT = {
    "cli",
    "ui",
    "core",
    "tasks",
    "storage",
    "search",
    "studies",
    "report",
    "jobs",
    "figures",
    "lessons",
}


def starts() -> list[str]:
    """Return what pages, commands and job starters may import without waiting for torch."""
    return [m.name for m in OURS if m.room in LIGHT or m.name.split(".")[0] in ("pages", "app")]


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    assert heavy_at_import(OURS, starts()) == {}


def test_something_heavy_is_noticed_wherever_it_hides() -> None:
    planted = [
        Module("pages.home", "from bort.ui import kit"),
        Module("bort.ui.kit", "from bort.latency.model import fit", is_package=True),
        Module("bort.latency.model", "def fit():\n    import torch"),
        Module("bort.latency", "import sklearn.linear_model", is_package=True),
    ]
    assert heavy_at_import(planted, ["pages.home"]) == {"bort.latency": {"sklearn"}}


def test_python_agrees_that_nothing_heavy_is_loaded() -> None:
    ours = [name for name in starts() if name.startswith("bort.")]
    code = (
        "import importlib, sys\n"
        f"for name in {ours!r}: importlib.import_module(name)\n"
        f"print(sorted({set(HEAVY)!r} & sys.modules.keys()))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_import_bort_loads_nothing_heavy() -> None:
    heavy = {*HEAVY, "streamlit", "pandas", "numpy"}
    code = f"import sys, bort; print(sorted({heavy!r} & sys.modules.keys()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["architecture", "errors", "evaluation"])
def test_values_need_the_standard_library_only(name: str) -> None:
    (module,) = modules(f"bort/core/{name}.py")
    assert {each.split(".")[0] for each in module.imports} <= {"bort", *sys.stdlib_module_names}
