"""A tiny finished study to pick from, and a stand-in for measured latencies."""

import numpy as np
import pytest
import tiny
from made_up_study import made_up_profile

from bort.core.evaluation import Evaluation
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.progress import ProgressTo, Stage
from bort.core.study import LatencySpec, StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace, load_space
from bort.finetuning import latency
from bort.latency.noise import Noise, NoiseReading
from bort.latency.protocol import Latency
from bort.latency.timing import Timing
from bort.storage import open_store

SMALL, LARGE = "1-2-8-16", "2-2-16-32"


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("finetuning"))


@pytest.fixture(scope="session")
def cache(place):
    """Share one cache among all tests of a run: the teacher is trained once."""
    return place / "cache"


@pytest.fixture
def home(place, cache, tmp_path, monkeypatch):
    """A separate home, with the shared cache."""
    cache.mkdir(exist_ok=True)
    (tmp_path / "cache").symlink_to(cache)
    tiny.use_home(monkeypatch, tmp_path, lock=place)
    return tmp_path


@pytest.fixture
def study_spec(place):
    return StudySpec(
        name="tiny",
        space=load_space(str(place / "tiny.toml")).to_dict(),
        task=TaskSpec(task=str(place / "reviews.csv")),
        training=TrainingSpec(source=str(place / "source"), device="cpu", threads=1),
        latency=LatencySpec(sequence_length=16, threads=1),
    )


@pytest.fixture
def store(home, study_spec):
    """A store with the finished study `tiny`: two architectures, the larger one better."""
    space = SearchSpace.from_dict(study_spec.space)
    with open_store() as store:
        profile = made_up_profile(space)
        store.put_profile(profile.to_dict(), profile.name)
        store.create_study(study_spec, profile=profile.name)
        for pick, error in ((SMALL, 0.2), (LARGE, 0.1)):
            values = space.named(pick).as_dict()
            store.add_evaluation("tiny", pick, values, Evaluation(error, 0.03, 90, steps=20))
        yield store


@pytest.fixture
def spec(study_spec):
    """Describe a fine-tuning of the small architecture in a few steps."""

    def build(**given):
        recipe = {"distil_steps": 12, "steps": 12, "copies": 1, "evaluations": 4}
        recipe |= {k: given.pop(k) for k in list(given) if k in Recipe.__dataclass_fields__}
        defaults = {
            "study": "tiny",
            "picks": (SMALL,),
            "tasks": (study_spec.task,),
            "training": study_spec.training,
            "latency": study_spec.latency,
            "space": study_spec.space,
            "recipe": Recipe(**recipe),
        }
        return FineTuneSpec(**{**defaults, **given})

    return build


@pytest.fixture
def fake_latency(monkeypatch):
    """Latencies as a formula of the size; counts the measurements."""
    quiet = NoiseReading(reference_ms=1.0, spread=0.01, others_share=0.01)
    measured = []

    def time_models(blueprints, runtime, workload, **options):
        measured.append(runtime)
        sizes = [blueprint.parameter_count() / 1000 for blueprint in blueprints]
        latencies = tuple(Latency(s, 0.9 * s, 1.1 * s, 1.2 * s, s, 100) for s in sizes)
        noise = Noise(quiet, quiet, 0.01)
        timing = Timing(latencies, np.ones((len(sizes), 20, 5)), noise, True)
        yield ProgressTo(20, 20, Stage.DONE, result=timing)

    monkeypatch.setattr(latency, "time_models", time_models)
    return measured
