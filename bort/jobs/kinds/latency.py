"""The jobs that measure this machine: a space, a study's winners, or the landmarks.

A stopped measurement keeps its complete rounds. If another measurement is running, the job ends
with a line that says whose, and stores nothing.
"""

from typing import Any

from bort.core.errors import BortError
from bort.core.progress import Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import LatencySpec, MeasureSpec, WinnersSpec
from bort.jobs.runtime.context import JobContext
from bort.latency.compare import differences_from_here
from bort.latency.landmarks import time_landmarks
from bort.latency.profile import LatencyProfile
from bort.latency.stored import front_profile, study_profile_of
from bort.storage import EventCode
from bort.studies.answers import read_answer
from bort.studies.measuring import measure_sample, measure_winners


def run(context: JobContext) -> dict[str, Any]:
    """Measure a sample of a space and fit a model; return the profile's name and verdict.

    The job's description is a `MeasureSpec`.
    """
    spec = MeasureSpec.from_dict(context.spec)
    if spec.lengths_from is not None:
        context.report(Progress(stage=Stage.READING_TEXTS))
    profile = None
    steps = measure_sample(
        context.store, spec, should_stop=context.should_stop, on_step=context.report
    )
    for step in steps:
        context.report(step)
        profile = step.result
    return _verdict(context, profile)


def winners(context: JobContext) -> dict[str, Any]:
    """Measure the architectures on a study's front. The job's description is a `WinnersSpec`."""
    return _verdict(context, _measure_winners(context, WinnersSpec.from_dict(context.spec)))


def _measure_winners(
    context: JobContext, spec: WinnersSpec, *, wait: bool = False
) -> LatencyProfile | None:
    """Measure a study's front within any job; None if it was stopped at once."""
    found = None
    for step in measure_winners(context.store, spec, wait=wait, should_stop=context.should_stop):
        context.report(step)
        found = step.result
    return found


def measure_new_winners(context: JobContext, study: str) -> None:
    """Measure the front after a search, if it was predicted for this machine and is new.

    A failure is only a warning here, because the search is done and its certificate written.
    """
    profile = study_profile_of(context.store, study)
    front = {point.id for point in read_answer(context.store, study).front}
    known = front_profile(context.store, context.store.study(study))
    if known is not None:
        front -= {one.id for one in known.measurements}
    if not front or differences_from_here(profile):
        return
    try:
        _measure_winners(context, WinnersSpec(study=study), wait=True)
    except BortError as error:
        context.warn(EventCode.WINNERS_NOT_MEASURED, message=str(error))


def landmarks(context: JobContext) -> dict[str, Any]:
    """Time the landmarks on the runtime and workload of `context.spec["latency"]`."""
    timing = None
    for step in time_landmarks(
        LatencySpec.from_dict(context.spec["latency"]), should_stop=context.should_stop
    ):
        context.report(step)
        timing = step.result
    if timing is None:
        return {}
    for mark, claim in timing.announced:
        context.log(
            EventCode.SPEED_COMPARED,
            runtime=timing.runtime,
            landmark=mark.name,
            **timing.workload.to_dict(),
            **claim.to_dict(),
        )
    return timing.to_dict()


def _verdict(context: JobContext, profile: LatencyProfile | None) -> dict[str, Any]:
    if profile is None:
        return {"profile": None}
    noise = profile.noise
    if not noise.ok or noise.warnings:
        context.warn(EventCode.MACHINE_NOISE, **noise.to_dict())
    context.log(EventCode.PROFILE_STORED, profile=profile.name)
    return {
        "profile": profile.name,
        "complete": profile.complete,
        "rounds": profile.rounds,
        "noise": noise.to_dict(),
        "model": to_json(profile.model),
    }
