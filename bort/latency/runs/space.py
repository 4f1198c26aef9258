"""Measure the latency of a search space on this machine, once, and keep it as a profile."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bort.core.machine.fingerprint import this_machine
from bort.core.progress import OnStep, ProgressTo, ignore, towards
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.profile import (
    LatencyPrediction,
    LatencyProfile,
    Measurement,
    read_profile,
    write_profile,
)
from bort.latency.protocol import Clock
from bort.latency.runs.plan import Plan, TextLengths, make_plan, workload_of
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Instruments, Timing, never, time_candidates
from bort.storage import ProfileKey

__all__ = [
    "SEARCH_COUNT",
    "LatencyPrediction",
    "LatencyProfile",
    "Measurement",
    "ensure_profile",
    "measure",
    "profile_key",
    "read_profile",
    "workload_of",
    "write_profile",
]

SEARCH_COUNT = 48  # 24 to fit on, 24 to judge by; about 40 s on two cores for `minilm`


def measure(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    count: int,
    lengths: TextLengths | None = None,
    seed: int = 0,
    name: str | None = None,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure `count` architectures, fit a model on min(32, count/2) and judge it by the rest.

    Args:
        spec: runtime, batch size, sequence length, threads; `spec.profile` does not matter here.
        lengths: of a task's texts, instead of the spec's one sequence length.
        seed: of the choice of architectures and of the order in the rounds.
        name: of the profile; made from space, workload and machine by default.
        wait: for another measurement to end, instead of raising.
        should_stop: True ends early; the profile then says `complete: false`, and there is none
            if not one round was complete.
    Returns:
        Steps; the last carries the profile. Nothing is measured before it is listened to.
    Raises:
        InvalidOptionError: a count, runtime, length or number of threads that cannot be.
        MissingExtraError: the runtime is not installed.
        BusyError: on listening, if somebody else measures, and `wait` is off.
    Cost:
        Import and build 10 to 20 s, then about 40 s on a quiet machine (`Protocol.budget_seconds`),
        five minutes and a round at most on a restless one.
    """
    plan = make_plan(space, spec, count, seed, lengths)
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
    plan: Plan, timing: Iterator[ProgressTo[Timing]], *, name: str | None, clock: Clock
) -> Iterator[ProgressTo[LatencyProfile]]:
    # Loaded before the clock starts: fitting at the end, after a stop above all, shall be quick.
    import scipy.optimize
    import scipy.stats  # noqa: F401

    begin = clock()
    for step in timing:
        profile = None
        if step.result is not None:
            profile = plan.profile(step.result, name=name, seconds=clock() - begin)
        yield towards(step, profile)


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
        batch_size=workload.batch_size,
        sequence_length=workload.sequence_length,
        threads=workload.threads,
    )


def ensure_profile(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    find: Callable[[ProfileKey], Mapping[str, Any] | None],
    save: Callable[[LatencyProfile, ProfileKey], object],
    on_step: OnStep = ignore,
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
            profile = step.result
            on_step(step)
        if profile is None or not profile.complete:
            return None
        save(profile, key)
    return profile
