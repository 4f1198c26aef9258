"""The jobs that measure this machine: a space, a study's winners, or the landmarks.

A stopped measurement keeps its complete rounds. If another measurement is running, the job ends
with a line that says whose, and stores nothing.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bort.core.errors import BortError
from bort.core.measuring import MeasureSpec, WinnersSpec
from bort.core.progress import OnStep, Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import LatencySpec
from bort.jobs.runtime.context import JobContext
from bort.latency.compare import differences_from_here
from bort.latency.kept_rounds import KeptRounds
from bort.latency.landmarks import time_landmarks
from bort.latency.profile import LatencyProfile
from bort.latency.space import profile_name
from bort.latency.stored import front_profile, stored_profiles, study_profile_of
from bort.storage import EventCode
from bort.studies.answers import read_answer
from bort.studies.measuring import measure_sample, measure_winners


def run(context: JobContext) -> dict[str, Any]:
    """Measure a sample of a space and fit a model; return the profile's name and verdict.

    The job's description is a `MeasureSpec`.
    """
    spec = MeasureSpec.from_dict(context.spec)
    name = spec.name or _name(context, spec.space["name"], spec.latency.runtime)
    if (profile := _stored_before(context, name)) is not None:
        return _verdict(context, profile)
    if spec.lengths_from is not None:
        context.report(Progress(stage=Stage.READING_TEXTS))
    steps = measure_sample(
        context.store,
        replace(spec, name=name),
        should_stop=context.should_stop,
        on_step=context.report,
        kept=kept_rounds(context),
        continues=context.job.attempt > 1,
    )
    for step in steps:
        context.report(step)
        profile = step.result
    return _verdict(context, profile)


def winners(context: JobContext) -> dict[str, Any]:
    """Measure the architectures on a study's front. The job's description is a `WinnersSpec`."""
    spec = WinnersSpec.from_dict(context.spec)
    return _verdict(context, _measure_winners(context, spec, context.report))


def kept_rounds(context: JobContext, of: str = "") -> KeptRounds:
    """Open the file of a job's complete rounds.

    Args:
        of: what is measured, if the job measures several things.
    """
    return KeptRounds(context.folder / f"{of}rounds")


def _name(context: JobContext, what: str, runtime: str) -> str:
    """Name a job's profile: all attempts give the same name."""
    return profile_name(what, runtime, datetime.fromtimestamp(context.job.created_at, UTC))


def _stored_before(context: JobContext, name: str) -> LatencyProfile | None:
    """Read what an earlier attempt has measured completely, if it was killed only afterwards."""
    if context.job.attempt == 1:
        return None
    found = [one for one in stored_profiles(context.store) if one.name == name]
    return next((one for one in found if one.complete), None)


def _measure_winners(
    context: JobContext, spec: WinnersSpec, report: OnStep
) -> LatencyProfile | None:
    """Measure a study's front within any job; None if it was stopped at once."""
    runtime = study_profile_of(context.store, spec.study).runtime
    name = _name(context, f"{spec.study}-front", runtime)
    if (found := _stored_before(context, name)) is not None:
        return found
    for step in measure_winners(
        context.store,
        spec,
        name=name,
        should_stop=context.should_stop,
        on_step=report,
        kept=kept_rounds(context, of="front-"),
        continues=context.job.attempt > 1,
    ):
        report(step)
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
        spec = WinnersSpec(study=study, wait=True)
        _verdict(context, _measure_winners(context, spec, context.report_part))
    except BortError as error:
        context.warn(EventCode.WINNERS_NOT_MEASURED, message=str(error))


def landmarks(context: JobContext) -> dict[str, Any]:
    """Time the landmarks on the runtime and workload of `context.spec["latency"]`."""
    timing = None
    for step in time_landmarks(
        LatencySpec.from_dict(context.spec["latency"]),
        should_stop=context.should_stop,
        kept=kept_rounds(context),
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
