"""A study's winners, measured: what the model predicted of them, and what they take."""

import datetime
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError
from bort.core.machine.fingerprint import this_machine
from bort.core.progress import ProgressTo, towards
from bort.families import SearchSpace
from bort.latency.profile import LatencyProfile, Measurement
from bort.latency.protocol import HANDFUL
from bort.latency.runs.plan import check_threads, profile_name
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Instruments, Timing, never, time_candidates
from bort.latency.workload import Candidate


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
    """Measure some architectures here, on the runtime and workload of the study's profile.

    Args:
        profile: the study's; its model is judged by what is measured, and kept as it is.
        architectures: usually those on the front, without repetition.
        study: whose winners these are; the new profile says so.
        wait, should_stop, instruments: as `bort.latency.runs.space.measure`.
    Returns:
        Steps; the last carries a profile whose `study` is set.
    Raises:
        InvalidOptionError: nothing to measure, or more threads than this machine has.
        MissingExtraError: the runtime is not installed.
        BusyError: on listening, if somebody else measures, and `wait` is off.
    """
    if not architectures:
        raise InvalidOptionError(
            f"the study {study!r} has no evaluated architecture to measure yet; search first"
        )
    kind = runtime_kind(profile.runtime)
    kind.check_installed()
    threads = check_threads(profile.workload.threads)
    machine = this_machine(kind.libraries, threads=threads)
    rows = sorted(
        (space.index(architecture) for architecture in architectures),
        key=lambda row: (-int(space.parameter_count[row]), row),
    )
    timing = time_candidates(
        [Candidate(space.family, space.architecture(row), space.fixed) for row in rows],
        profile.runtime,
        profile.workload,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments or Instruments(protocol=HANDFUL),
    )
    clock = (instruments or Instruments()).clock

    def finished(found: Timing, seconds: float) -> LatencyProfile:
        medians = np.array([latency.median_ms for latency in found.latencies])
        terms = {name: values[rows] for name, values in profile.workload.terms(space).items()}
        now = datetime.datetime.now(datetime.UTC)
        return LatencyProfile(
            name=profile_name(f"{study}-front", profile.runtime, now),
            runtime=profile.runtime,
            workload=profile.workload,
            fingerprint=machine,
            space_name=space.name,
            space_digest=space.digest,
            family_name=space.family_name,
            fixed=dict(space.fixed),
            measurements=tuple(
                Measurement(space.architecture(row).as_dict(), latency, fitted=False)
                for row, latency in sorted(zip(rows, found.latencies, strict=True))
            ),
            model=profile.model.judged_on(terms, medians),
            noise=found.noise,
            seed=seed,
            rounds=found.rounds,
            complete=found.complete,
            seconds=round(seconds, 1),
            measured_at=now.isoformat(timespec="seconds"),
            study=study,
        )

    def steps() -> Iterator[ProgressTo[LatencyProfile]]:
        begin = clock()
        for step in timing:
            result = None if step.result is None else finished(step.result, clock() - begin)
            yield towards(step, result)

    return steps()
