"""Measure this machine for a space or a study and store the result, for commands and jobs."""

from collections.abc import Callable, Iterator

from bort.core.architecture import Architecture
from bort.core.progress import OnStep, ProgressTo, ignore
from bort.core.study import MeasureSpec
from bort.families import SearchSpace
from bort.latency.profile import LatencyProfile
from bort.latency.space import measure, measure_front
from bort.latency.stored import keep_profile, profile_key, study_profile_of
from bort.latency.timing import Instruments, never
from bort.storage import Store
from bort.studies.answers import read_answer
from bort.training.tokens import text_lengths


def measure_sample(
    store: Store,
    spec: MeasureSpec,
    *,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
    on_step: OnStep = ignore,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure a sample of a space; the profile is stored after the last step.

    Args:
        wait, should_stop, instruments: as `bort.latency.space.measure`.
        on_step: called while texts are read, if their lengths come from a task.
    """
    space = SearchSpace.from_dict(spec.space)
    lengths = None
    if spec.lengths_from is not None:
        lengths = text_lengths(spec.lengths_from, on_step=on_step)
    profile = None
    for step in measure(
        space,
        spec.latency,
        count=spec.count,
        lengths=lengths,
        seed=spec.seed,
        name=spec.name,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments,
    ):
        yield step
        profile = step.result
    if profile is not None:
        # Profiles of several lengths are used only by name, because the key has one length.
        keep_profile(store, profile, None if lengths else profile_key(space, spec.latency))


def measure_winners(
    store: Store,
    study: str,
    *,
    seed: int = 0,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure a study's front, and store the latencies.

    Raises:
        InvalidProfileError: at the first step, if the study's latency is not measured yet.
        Whatever `bort.latency.space.measure_front` raises.
    """
    profile = study_profile_of(store, study)
    answer = read_answer(store, study)
    found = None
    for step in measure_front(
        SearchSpace.from_dict(answer.spec.space),
        profile,
        [Architecture.of(**point.architecture) for point in answer.front],
        study=study,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments,
    ):
        yield step
        found = step.result
    if found is not None:
        keep_profile(store, found)
