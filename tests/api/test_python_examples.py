"""Every Python example of the documents runs, on a tiny task."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bort
from bort.core.study import TaskSpec, TrainingSpec
from bort.families import load_space
from bort.latency import modules
from bort.latency.protocol import Protocol
from bort.latency.timing import Instruments
from bort.tasks import load_task
from docs.notebook import CELLS, CODE

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/python.md")
NOTEBOOK = "docs/notebook.py"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", [*DOCUMENTS, NOTEBOOK])
def test_the_examples_run_one_after_the_other(
    document, params, given, to_label, quick_latency, tmp_path, monkeypatch
):
    texts, labels = given
    real = bort.TextClassifierSearch

    def tiny_search(*, max_latency_ms=None, minutes=None, jobs=None, epsilon=None, **more):
        """Search the tiny space instead; a limit of its own latencies, no process of its own."""
        limit = None if max_latency_ms is None else 1000.0
        known = params["options"] if limit is None else to_label
        options = {**known, **more.pop("options", {})}
        return real(**{**params, **more, "options": options, "max_latency_ms": limit})

    tiny_search.attach = lambda name: real.attach(name, verbose=False)
    monkeypatch.setattr(bort, "TextClassifierSearch", tiny_search)
    quick = Protocol(budget_seconds=0.3, limit_seconds=0.5)
    stored = classmethod(lambda cls, *_, **__: cls.stored("made-up"))  # measured in another test
    monkeypatch.setattr(bort.LatencyProfile, "measure", stored)
    timed = partial(modules.time_modules, instruments=Instruments(protocol=quick))
    monkeypatch.setattr(modules, "time_modules", timed)
    monkeypatch.setattr("bort.api.table.warnings.warn", lambda *_, **__: None)  # a busy machine
    monkeypatch.chdir(ROOT / "docs" if document == NOTEBOOK else tmp_path)
    rows = [(w, 40 * w, w / 8, 0.5 / w) for w in (1, 2, 4, 8, 16)]
    names = {
        "texts": texts,
        "labels": labels,
        "frame": pd.DataFrame({"review": texts, "stars": labels}),
        "space": params["space"],
        "results": pd.DataFrame(rows, columns=["width", "parameters", "ms", "error"]),
    }
    run(document, names)


def test_the_examples_about_trainings_run(given, home, place, tmp_path, monkeypatch):
    space, task = load_space(str(place / "tiny.toml")), TaskSpec(task=str(place / "reviews.csv"))
    spec = partial(TrainingSpec, source=str(place / "source"), threads=1, device="cpu")
    monkeypatch.setattr("bort.families.load_space", lambda name: space)
    monkeypatch.setattr("bort.tasks.load_task", lambda _, load=load_task: load(task))
    monkeypatch.setattr("bort.core.study.TrainingSpec", spec)
    monkeypatch.chdir(tmp_path)
    run("docs/training.md", {"texts": given[0], "shares": np.full((len(given[0]), 2), 0.5)})


def test_the_examples_about_agora_run(capsys):
    run("docs/agora.md", {})
    assert len(capsys.readouterr().out.splitlines()) == 3 + 1


def test_there_are_no_other_examples():
    others = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    found = {str(p.relative_to(ROOT)) for p in others if BLOCK.search(p.read_text("utf-8"))}
    elsewhere = {"docs/agora.md", "docs/training.md"}
    elsewhere |= {"docs/models.md", "docs/tutorials/researcher.md"}  # tests/export, tests/site
    assert found == {*DOCUMENTS, *elsewhere}


def run(document, names):
    """Run the examples of a document one after the other, as in a notebook."""
    blocks = [text for make, text in CELLS if make is CODE]
    if document != NOTEBOOK:
        blocks = BLOCK.findall((ROOT / document).read_text("utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), names)
