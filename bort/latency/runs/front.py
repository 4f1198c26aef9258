"""Measure a study's winners, and judge by them the model that predicted them."""

from collections.abc import Callable, Iterator, Sequence

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError
from bort.core.progress import ProgressTo
from bort.families import SearchSpace
from bort.latency.profile import LatencyProfile
from bort.latency.protocol import HANDFUL
from bort.latency.runs.space import Sample, largest_first, measured
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Instruments, never
from bort.latency.workload import check_threads


def measure_front(
    space: SearchSpace,
    profile: LatencyProfile,
    architectures: Sequence[Architecture],
    *,
    study: str,
    seed: int = 0,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure some architectures here, on the runtime and workload of a study's profile.

    Args:
        profile: the study's; its model is kept as it is, and judged by what is measured.
        architectures: usually those on the front, without repetition.
        study: the study whose winners these are; the new profile names it.
        wait, should_stop, instruments: as `bort.latency.runs.space.measure`.
    Returns:
        Steps; the last carries a profile whose `study` is set.
    Raises:
        InvalidOptionError: nothing to measure, or more threads than this machine has.
        MissingExtraError: the runtime is not installed.
        BusyError: at the first step, if somebody else measures and `wait` is off.
    """
    if not architectures:
        raise InvalidOptionError(
            f"the study {study!r} has no evaluated architecture to measure yet; search first"
        )
    runtime_kind(profile.runtime).check_installed()
    check_threads(profile.workload.threads)
    rows = largest_first(space, [space.index(architecture) for architecture in architectures])
    sample = Sample(space, profile.runtime, profile.workload, rows, frozenset(), seed)
    return measured(
        sample,
        lambda medians_ms: profile.model.judged_on(sample.terms, medians_ms),
        study=study,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments or Instruments(protocol=HANDFUL),
    )
