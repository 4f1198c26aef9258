"""A study whose errors come from a formula and whose latencies come from a made-up machine."""

from dataclasses import replace
from functools import cache

from made_up_errors import made_up_evaluation

from bort.core.evaluation import Evaluation
from bort.core.machine import Fingerprint
from bort.core.study import SearchSpec, StudySpec
from bort.families import SearchSpace, load_space
from bort.latency.model import LatencyModel
from bort.latency.noise import Noise, NoiseReading
from bort.latency.profile import LatencyProfile
from bort.latency.workload import Workload
from bort.search import Observation, certified_search, observation_of
from bort.storage import Store, StudyRecord
from bort.studies.costs import Costs

QUIET = NoiseReading(reference_ms=1.0, spread=0.01, others_share=0.01)


def made_up_spec(name: str, **search: object) -> StudySpec:
    return StudySpec(
        name=name,
        space=load_space("minilm").to_dict(),
        search=SearchSpec.from_dict(search),
    )


def made_up_profile(space: SearchSpace) -> LatencyProfile:
    return LatencyProfile(
        name="made-up",
        runtime="torch-float32",
        workload=Workload(batch_size=1, sequence_length=32, threads=2),
        fingerprint=Fingerprint(
            cpu="Made-up CPU <b>9000</b> ![x](http://outside.example/x.png)",
            cpu_details="none",
            cores=2,
            logical_cpus=4,
            memory_gib=8,
            os="Linux",
            os_release="6",
            python="3.12",
            libraries={"torch": "2.0"},
            threads=2,
        ),
        space_name=space.name,
        space_digest=space.digest,
        family_name=space.family_name,
        fixed=space.fixed,
        measurements=(),
        model=LatencyModel(
            coefficients_ms={"ffn": 1.1e-8, "projections": 1.2e-8, "layers": 0.22},
            fitted_on=24,
            held_out=12,
            median_abs_percent_error=2.0,
            p90_abs_percent_error=4.0,
            rank_correlation=0.99,
            band=0.06,
        ),
        noise=Noise(before=QUIET, after=QUIET, others_share=0.01),
        seed=0,
        rounds=20,
        complete=True,
        seconds=60.0,
        measured_at="2026-01-01T00:00:00Z",
    )


def fill(store: Store, name: str, *, budget: int = 28, **search: object) -> StudyRecord:
    """Store a study with `budget` evaluations, chosen as in a real search."""
    spec = made_up_spec(name, budget=budget, **search)
    space = SearchSpace.from_dict(spec.space)
    profile = made_up_profile(space)
    store.put_profile(profile.to_dict(), profile.name)
    study = store.create_study(spec, profile=profile.name)
    for index in _chosen(budget, tuple(search.items())):
        architecture = space.architecture(index)
        evaluation = _made_up(space, index)
        store.add_evaluation(study, architecture.id, architecture.as_dict(), evaluation)
    return store.study(name)


@cache
def _chosen(budget: int, search: tuple[tuple[str, object], ...]) -> tuple[int, ...]:
    """The architectures that the search trains, in its order; many tests ask for the same."""
    spec = made_up_spec("any", budget=budget, **dict(search))
    space = SearchSpace.from_dict(spec.space)
    chosen: list[int] = []

    def evaluate(index: int) -> Observation:
        chosen.append(index)
        return observation_of([_made_up(space, index)])

    for _ in certified_search(
        Costs(space, made_up_profile(space), spec.training).problem,
        evaluate,
        question=replace(spec.search.question, lipschitz=None),
        budget=budget,
    ):
        pass
    return tuple(chosen)


def _made_up(space: SearchSpace, index: int) -> Evaluation:
    return made_up_evaluation(space.architecture(index), diverged=index == space.maximum)
