"""Measure the latency of a search space on this machine, once, and keep it as a profile."""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

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
from bort.measure.runtimes import runtime_kind
from bort.measure.sample import fit_and_held_out
from bort.measure.timing import Instruments, Stage, Timing, never, time_candidates
from bort.measure.workload import Candidate, Workload
from bort.study import LatencySpec

__all__ = [
    "SEARCH_COUNT",
    "LatencyPrediction",
    "LatencyProfile",
    "MeasureStep",
    "Measurement",
    "ProfileKey",
    "ensure_profile",
    "measure",
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


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """What must agree for a stored profile to be used again."""

    fingerprint_digest: str
    runtime: str
    batch_size: int
    sequence_length: int
    threads: int
    space_digest: str


def workload_of(spec: LatencySpec, space: SearchSpace) -> Workload:
    """The workload that a spec asks for, checked against this machine and space.

    Raises:
        InvalidOptionError: texts longer than the models' positions, or more threads than the
            machine has.
    """
    positions = space.fixed.get("positions")
    if positions is not None and spec.sequence_length > positions:
        raise InvalidOptionError(
            f"sequence length {spec.sequence_length} is more than the {positions} positions of "
            f"the models in {space.name!r}; choose {positions} or less"
        )
    threads = spec.threads or usable_cores()
    most = max(usable_cores(), _logical_cpus())
    if threads > most:
        raise InvalidOptionError(
            f"{threads} threads were asked for, and this machine has {most}; choose {most} or less"
        )
    return Workload(spec.batch_size, spec.sequence_length, threads)


def profile_name(space: SearchSpace, runtime: str, workload: Workload, digest: str) -> str:
    """The name a profile gets by itself: the same for the same machine, space and workload."""
    return (
        f"{space.name}-{runtime}-b{workload.batch_size}-s{workload.sequence_length}"
        f"-t{workload.threads}-{digest[:8]}"
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
    Yields:
        Progress; the last step carries the profile.
    Raises:
        InvalidOptionError: a count, runtime, length or number of threads that cannot be.
        MissingExtraError: the runtime is not installed.
        BusyError: somebody else measures, and `wait` is off.
    Cost:
        Import and build 10 to 20 s, then up to about a minute (`Protocol.budget_seconds`; large
        spaces take longer, because of `min_rounds`).
    """
    kind = runtime_kind(spec.runtime)
    kind.check_installed()
    workload = workload_of(spec, space)
    check_count(count, space)
    machine = this_machine(kind.libraries, threads=workload.threads)
    tools = instruments or Instruments()
    begin = tools.clock()
    terms = space.operation_terms(workload.batch_size, workload.sequence_length)
    fitted, held_out = fit_and_held_out(space, terms, count, rng=np.random.default_rng(seed))
    rows = sorted(fitted + held_out, key=lambda row: -int(space.parameter_count[row]))
    candidates = [
        Candidate(space.family_name, space.architecture(row), space.fixed) for row in rows
    ]
    for step in time_candidates(
        candidates,
        spec.runtime,
        workload,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        instruments=tools,
    ):
        profile = None
        if step.timing is not None:
            profile = _profile(
                name or profile_name(space, spec.runtime, workload, machine.digest),
                space,
                (spec.runtime, workload, machine),
                (rows, set(fitted), terms),
                step.timing,
                seed,
            )
            profile = replace(profile, seconds=round(tools.clock() - begin, 1))
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


def ensure_profile(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    find: Callable[[ProfileKey], Mapping[str, Any] | None],
    save: Callable[[dict[str, Any], str], object],
    on_progress: Callable[[MeasureStep], object] | None = None,
    should_stop: Callable[[], bool] = never,
    seed: int = 0,
    instruments: Instruments | None = None,
) -> LatencyProfile | None:
    """The profile for this machine, space and workload: a stored one, else measured and stored.

    Two searches that start together measure once: the second waits for the lock, then finds what
    the first has stored.

    Args:
        find: looks for a stored profile.
        save: stores a profile, given as a dictionary, under a name.
    Returns:
        None where `should_stop` ended the measurement; nothing is stored then.
    Raises:
        As `measure`; InvalidProfileError where what is stored cannot be read.
    """
    workload = workload_of(spec, space)
    machine = this_machine(runtime_kind(spec.runtime).libraries, threads=workload.threads)
    key = _key(space, spec.runtime, workload, machine)
    stored = find(key)
    if stored is not None:
        return LatencyProfile.from_dict(stored, origin="the stored profile")
    runtime_kind(spec.runtime).check_installed()
    tools = instruments or Instruments()
    with tools.hold(should_stop, True):
        stored = find(key)
        if stored is not None:
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
        save(profile.to_dict(), profile.name)
    return profile


def _key(space: SearchSpace, runtime: str, workload: Workload, machine: Fingerprint) -> ProfileKey:
    return ProfileKey(
        machine.digest,
        runtime,
        workload.batch_size,
        workload.sequence_length,
        workload.threads,
        space.digest,
    )


def _profile(
    name: str,
    space: SearchSpace,
    where: tuple[str, Workload, Fingerprint],
    chosen: tuple[list[int], set[int], Mapping[str, Any]],
    timing: Timing,
    seed: int,
) -> LatencyProfile:
    (runtime, workload, machine), (rows, fitted, terms) = where, chosen
    medians = np.array([latency.median_ms for latency in timing.latencies])
    fit_rows = [position for position, row in enumerate(rows) if row in fitted]
    model = fit({term: values[rows] for term, values in terms.items()}, medians, fit_rows)
    by_row = sorted(zip(rows, timing.latencies, strict=True))
    return LatencyProfile(
        name=name,
        runtime=runtime,
        workload=workload,
        fingerprint=machine,
        space_name=space.name,
        space_digest=space.digest,
        family_name=space.family_name,
        fixed=dict(space.fixed),
        measurements=tuple(
            Measurement(space.architecture(row).as_dict(), latency, row in fitted)
            for row, latency in by_row
        ),
        model=model,
        noise=timing.noise,
        seed=seed,
        rounds=timing.rounds,
        complete=timing.complete,
        seconds=0.0,
        measured_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _logical_cpus() -> int:
    import psutil

    return psutil.cpu_count(logical=True) or 1
