"""A tiny task, source network and space, and a latency profile that nobody measured."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import tiny
from made_up_study import made_up_profile

from bort.core.finetune import Recipe
from bort.core.machine import this_machine
from bort.core.progress import ProgressTo, Stage
from bort.families import load_space
from bort.finetuning import latency
from bort.latency.noise import Noise, NoiseReading
from bort.latency.protocol import Latency
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Timing
from bort.latency.workload import Workload
from bort.storage import open_store

RECIPE = Recipe(distil_steps=8, steps=8, copies=1, evaluations=2, other_tasks=False)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("api"))


def new_home(place, folder, monkeypatch):
    """A home of its own, with one cache for all tests: the teacher is trained once."""
    (place / "cache").mkdir(exist_ok=True)
    (folder / "cache").symlink_to(place / "cache")
    tiny.use_home(monkeypatch, folder, lock=place)
    return folder


def with_profile(place, *, to_label=False):
    """Store a made-up latency profile of the tiny space; returns its name.

    Args:
        to_label: it times two texts a pass, from text to label.
    """
    made_up = made_up_profile(load_space(str(place / "tiny.toml")))
    if to_label:
        read = {str(len(tiny.VOCABULARY)): (8,) * 8}
        work = Workload(2, 8, 2, lengths=(8,) * 8, lengths_from="reviews", by_vocabulary=read)
        made_up = replace(made_up, name="made-up-to-label", workload=work)
    libraries = runtime_kind(made_up.runtime).libraries
    found = replace(made_up, fingerprint=this_machine(libraries, threads=2))
    with open_store() as store:
        store.put_profile(found.to_dict(), found.name)
    return found.name


def quick_params(place):
    """Parameters of a search that takes a second for each training."""
    return {
        "space": str(place / "tiny.toml"),
        "source": place / "source",
        "budget": 3,
        "steps": 20,
        "threads": 1,
        "device": "cpu",
        "options": {"latency_profile": with_profile(place)},
        "recipe": RECIPE,
        "verbose": False,
    }


def texts_and_labels(place):
    with (place / "reviews.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def time_by_size(monkeypatch):
    """Time models by a formula of their size."""
    quiet = NoiseReading(reference_ms=1.0, spread=0.01, others_share=0.01)

    def time_models(blueprints, runtime, workload, **options):
        sizes = [blueprint.parameter_count() / 1000 for blueprint in blueprints]
        latencies = tuple(Latency(s, 0.9 * s, 1.1 * s, 1.2 * s, s, 100) for s in sizes)
        timing = Timing(latencies, np.ones((len(sizes), 20, 5)), Noise(quiet, quiet, 0.01), True)
        yield ProgressTo(20, 20, Stage.DONE, result=timing)

    monkeypatch.setattr(latency, "time_models", time_models)
    monkeypatch.setattr("bort.jobs.kinds.search.measure_new_winners", lambda *_: None)


@pytest.fixture
def home(place, tmp_path, monkeypatch):
    return new_home(place, tmp_path, monkeypatch)


@pytest.fixture
def given(place):
    return texts_and_labels(place)


@pytest.fixture
def params(home, place):
    return quick_params(place)


@pytest.fixture
def to_label(home, place):
    """The options of a search that times from text to label, on a made-up machine."""
    return {"latency_profile": with_profile(place, to_label=True)}


@pytest.fixture
def quick_latency(monkeypatch):
    time_by_size(monkeypatch)


@pytest.fixture(scope="session")
def fitted(place, tmp_path_factory):
    """The home of a fitted search with a trained model, and the search."""
    from bort import TextClassifierSearch

    with pytest.MonkeyPatch.context() as patch:
        home = new_home(place, tmp_path_factory.mktemp("found"), patch)
        time_by_size(patch)
        search = TextClassifierSearch(**quick_params(place), max_parameters=10_000)
        return home, search.fit(*texts_and_labels(place))


@pytest.fixture
def found(fitted, monkeypatch):
    """A fitted search with a trained model, for tests that only look."""
    home, search = fitted
    monkeypatch.setenv("BORT_HOME", str(home))
    return search
