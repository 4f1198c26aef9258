"""Measure the latency of a search space on this machine, once, and keep it as a profile."""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psutil

from bort.errors import InvalidOptionError
from bort.families import SearchSpace
from bort.measure.fingerprint import Fingerprint, this_machine, usable_cores
from bort.measure.latency_model import fit
from bort.measure.profile import (
    LatencyPrediction,
    LatencyProfile,
    Measurement,
    read_profile,
    write_profile,
)
from bort.measure.protocol import Clock, FloatArray
from bort.measure.runtimes import runtime_kind
from bort.measure.sample import fit_and_held_out
from bort.measure.timing import (
    Instruments,
    Stage,
    Timing,
    TimingStep,
    never,
    time_candidates,
)
from bort.measure.workload import Candidate, Workload
from bort.storage import ProfileKey
from bort.study import LatencySpec

__all__ = [
    "SEARCH_COUNT",
    "LatencyPrediction",
    "LatencyProfile",
    "MeasureStep",
    "Measurement",
    "ensure_profile",
    "measure",
    "profile_key",
    "read_profile",
    "write_profile",
]

SEARCH_COUNT = 48  # 24 to fit on, 24 to judge by; about 40 s on two cores for `minilm`
SMALLEST_COUNT = 8


@dataclass(frozen=True, slots=True)
class MeasureStep:
    """Progress: `done` of `total` in this stage; the last one carries the profile."""

    stage: Stage
    done: int
    total: int
    profile: LatencyProfile | None = None


def workload_of(spec: LatencySpec, space: SearchSpace) -> Workload:
    """The workload that a spec asks for, checked against this machine and space.

    Raises:
        InvalidOptionError: texts longer than the models' positions, or more threads than the
            machine has.
    """
    check_length(spec.sequence_length, space.fixed.get("positions"), space.name)
    return Workload(spec.batch_size, spec.sequence_length, check_threads(spec.threads))


def check_length(sequence_length: int, positions: int | None, whose: str) -> None:
    """Pass if texts so long can be read.

    Raises:
        InvalidOptionError: the models have fewer positions.
    """
    if positions is not None and sequence_length > positions:
        raise InvalidOptionError(
            f"sequence length {sequence_length} is more than the {positions} positions of "
            f"the models in {whose!r}; choose {positions} or less"
        )


def check_threads(threads: int | None) -> int:
    """The number of threads meant; None is all usable cores.

    Raises:
        InvalidOptionError: more than the machine has.
    """
    most = max(usable_cores(), psutil.cpu_count(logical=True) or 1)
    if threads is not None and threads > most:
        raise InvalidOptionError(
            f"{threads} threads were asked for, and this machine has {most}; choose {most} or less"
        )
    return threads or usable_cores()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be measured, and on what: settled before the clock starts."""

    space: SearchSpace
    runtime: str
    workload: Workload
    machine: Fingerprint
    rows: list[int]
    fitted: frozenset[int]
    terms: Mapping[str, FloatArray]
    seed: int

    @property
    def candidates(self) -> list[Candidate]:
        """In the order of `rows`."""
        space = self.space
        return [Candidate(space.family, space.architecture(row), space.fixed) for row in self.rows]

    def profile(self, timing: Timing, *, name: str | None, seconds: float) -> LatencyProfile:
        """Fit the model, and put everything together."""
        space, now = self.space, datetime.datetime.now(datetime.UTC)
        medians = np.array([latency.median_ms for latency in timing.latencies])
        fit_rows = [place for place, row in enumerate(self.rows) if row in self.fitted]
        terms = {term: values[self.rows] for term, values in self.terms.items()}
        return LatencyProfile(
            name=name or f"{space.name}-{self.runtime}-{now:%Y%m%d-%H%M%S}",
            runtime=self.runtime,
            workload=self.workload,
            fingerprint=self.machine,
            space_name=space.name,
            space_digest=space.digest,
            family_name=space.family_name,
            fixed=dict(space.fixed),
            measurements=tuple(
                Measurement(space.architecture(row).as_dict(), latency, row in self.fitted)
                for row, latency in sorted(zip(self.rows, timing.latencies, strict=True))
            ),
            model=fit(terms, medians, fit_rows),
            noise=timing.noise,
            seed=self.seed,
            rounds=timing.rounds,
            complete=timing.complete,
            seconds=round(seconds, 1),
            measured_at=now.isoformat(timespec="seconds"),
        )


def _plan(space: SearchSpace, spec: LatencySpec, count: int, seed: int) -> _Plan:
    kind = runtime_kind(spec.runtime)
    workload = workload_of(spec, space)
    terms = space.operation_terms(workload.batch_size, workload.sequence_length)
    fitted, held_out = fit_and_held_out(space, terms, count, rng=np.random.default_rng(seed))
    return _Plan(
        space,
        kind.name,
        workload,
        this_machine(kind.libraries, threads=workload.threads),
        sorted(fitted + held_out, key=lambda row: (-int(space.parameter_count[row]), row)),
        frozenset(fitted),
        terms,
        seed,
    )


def measure(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    count: int,
    seed: int = 0,
    name: str | None = None,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[MeasureStep]:
    """Measure `count` architectures, fit a model on min(32, count/2) and judge it by the rest.

    Args:
        spec: runtime, batch size, sequence length, threads; `spec.profile` does not matter here.
        seed: of the choice of architectures and of the order in the rounds.
        name: of the profile; made from space, workload and machine by default.
        wait: for another measurement to end, instead of raising.
        should_stop: True ends early; the profile then says `complete: false`, and there is none
            if not one round was complete.
    Returns:
        Progress; the last step carries the profile. Nothing is measured before it is listened to.
    Raises:
        InvalidOptionError: a count, runtime, length or number of threads that cannot be.
        MissingExtraError: the runtime is not installed.
        BusyError: on listening, if somebody else measures, and `wait` is off.
    Cost:
        Import and build 10 to 20 s, then up to about a minute (`Protocol.budget_seconds`; large
        spaces take longer, because of `min_rounds`).
    """
    runtime_kind(spec.runtime).check_installed()
    workload_of(spec, space)
    check_count(count, space)
    plan = _plan(space, spec, count, seed)
    timing = time_candidates(
        plan.candidates,
        plan.runtime,
        plan.workload,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments,
    )
    clock = (instruments or Instruments()).clock
    return _steps(plan, timing, name=name, clock=clock)


def _steps(
    plan: _Plan, timing: Iterator[TimingStep], *, name: str | None, clock: Clock
) -> Iterator[MeasureStep]:
    begin = clock()
    for step in timing:
        profile = None
        if step.timing is not None:
            profile = plan.profile(step.timing, name=name, seconds=clock() - begin)
        yield MeasureStep(step.stage, step.done, step.total, profile)


def check_count(count: int, space: SearchSpace) -> None:
    """Pass if so many architectures can be measured.

    Raises:
        InvalidOptionError: too few to fit and judge a model, or more than there are.
    """
    least = min(SMALLEST_COUNT, len(space))
    if count < least:
        raise InvalidOptionError(
            f"{count} architectures are too few to fit a model and to judge it; "
            f"measure {least} at least"
        )
    if count > len(space):
        raise InvalidOptionError(
            f"{count} architectures were asked for, and the space {space.name!r} has "
            f"{len(space)}; choose {len(space)} or less"
        )


def profile_key(space: SearchSpace, spec: LatencySpec) -> ProfileKey:
    """What must agree for a stored profile to serve this space and spec on this machine.

    Raises:
        InvalidOptionError: as `workload_of`, or an unknown runtime.
    """
    workload = workload_of(spec, space)
    libraries = runtime_kind(spec.runtime).libraries
    return ProfileKey(
        fingerprint_digest=this_machine(libraries, threads=workload.threads).digest,
        runtime=spec.runtime,
        space_digest=space.digest,
        **dataclasses.asdict(workload),
    )


def ensure_profile(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    find: Callable[[ProfileKey], Mapping[str, Any] | None],
    save: Callable[[LatencyProfile, ProfileKey], object],
    on_progress: Callable[[MeasureStep], object] | None = None,
    should_stop: Callable[[], bool] = never,
    seed: int = 0,
    instruments: Instruments | None = None,
) -> LatencyProfile | None:
    """The profile for this machine, space and workload: a stored one, else measured and stored.

    Two searches that start together measure once: the second waits for the lock, then finds what
    the first has stored.

    Args:
        find: looks for a stored profile (as a dictionary).
        save: stores a complete profile.
    Returns:
        None where `should_stop` ended the measurement; nothing is stored then.
    Raises:
        As `measure`; InvalidProfileError where what is stored cannot be read.
    """
    key = profile_key(space, spec)
    if (stored := find(key)) is not None:
        return LatencyProfile.from_dict(stored, origin="the stored profile")
    runtime_kind(spec.runtime).check_installed()
    tools = instruments or Instruments()
    with tools.hold(should_stop, True):
        if (stored := find(key)) is not None:
            return LatencyProfile.from_dict(stored, origin="the stored profile")
        profile = None
        for step in measure(
            space,
            spec,
            count=min(SEARCH_COUNT, len(space)),
            seed=seed,
            should_stop=should_stop,
            instruments=replace(tools, hold=lambda _stop, _wait: contextlib.nullcontext()),
        ):
            profile = step.profile
            if on_progress is not None:
                on_progress(step)
        if profile is None or not profile.complete:
            return None
        save(profile, key)
    return profile
