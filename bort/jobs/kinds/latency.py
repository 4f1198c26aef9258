"""Measuring this machine as a job: a space, a study's winners, or the landmarks.

A measurement that is stopped keeps its complete rounds. One that finds another measuring ends
with a line that says who; nothing is stored then.
"""

from collections.abc import Mapping
from typing import Any

from bort.core.architecture import Architecture
from bort.core.errors import BortError
from bort.core.progress import Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import LatencySpec, TaskSpec
from bort.families import SearchSpace
from bort.jobs.runtime.context import JobContext
from bort.latency.compare import differences_from_here
from bort.latency.profile import LatencyProfile
from bort.latency.runs.front import measure_front
from bort.latency.runs.landmarks import time_landmarks
from bort.latency.runs.space import measure
from bort.latency.stored import front_profile, keep_profile, profile_key, study_profile_of
from bort.latency.workload import TextLengths
from bort.report import latency as words
from bort.studies.answers import read_answer
from bort.training.tokens import text_lengths


def run(context: JobContext) -> dict[str, Any]:
    """Measure a sample of a space and fit a model; answer with the profile's name and verdict.

    The spec holds `space`, `latency`, `count`, `seed`, and where they are wanted `name` and
    `lengths_from` (a `TaskSpec`).
    """
    spec = context.spec
    space = SearchSpace.from_dict(spec["space"])
    latency = LatencySpec.from_dict(spec["latency"])
    lengths = _lengths(context, spec.get("lengths_from"))
    profile = None
    for step in measure(
        space,
        latency,
        count=int(spec["count"]),
        lengths=lengths,
        seed=int(spec["seed"]),
        name=spec.get("name"),
        should_stop=context.should_stop,
    ):
        context.report(step)
        profile = step.result
    if profile is not None:
        # Profiles of several lengths are used by name: the key knows one length only.
        keep_profile(
            context.store, profile, None if lengths is not None else profile_key(space, latency)
        )
    return _verdict(context, profile)


def winners(context: JobContext) -> dict[str, Any]:
    """Measure the architectures on the front of the study `context.spec["study"]`."""
    return _verdict(context, measure_winners(context, context.spec["study"]))


def measure_winners(
    context: JobContext, study: str, *, wait: bool = False
) -> LatencyProfile | None:
    """Measure a study's front within any job, and store it; None where it was stopped at once.

    Raises:
        As `bort.latency.runs.front.measure_front`; InvalidProfileError where the study's latency is
        not measured yet.
    """
    profile = study_profile_of(context.store, study)
    answer = read_answer(context.store, study)
    space = SearchSpace.from_dict(answer.spec.space)
    found = None
    for step in measure_front(
        space,
        profile,
        [Architecture.from_dict(point.architecture) for point in answer.front],
        study=study,
        wait=wait,
        should_stop=context.should_stop,
    ):
        context.report(step)
        found = step.result
    if found is not None:
        keep_profile(context.store, found)
    return found


def measure_new_winners(context: JobContext, study: str) -> None:
    """At a search's end: measure its front, if it was predicted for this machine and is new.

    What goes wrong here is a warning: the search itself is done, and its certificate written.
    """
    profile = study_profile_of(context.store, study)
    front = {point.id for point in read_answer(context.store, study).front}
    known = front_profile(context.store, context.store.study(study))
    if known is not None:
        front -= {one.id for one in known.measurements}
    if not front or differences_from_here(profile):
        return
    try:
        measure_winners(context, study, wait=True)
    except BortError as error:
        context.log(f"its winners were not measured: {error}", level="warning")


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
    for sentence in words.announced_sentences(timing):
        context.log(sentence)
    return timing.to_dict()


def _lengths(context: JobContext, task: Mapping[str, Any] | None) -> TextLengths | None:
    if task is None:
        return None
    context.report(Progress(stage=Stage.READING_TEXTS))
    return text_lengths(TaskSpec.from_dict(task), on_step=context.report)


def _verdict(context: JobContext, profile: LatencyProfile | None) -> dict[str, Any]:
    if profile is None:
        return {"profile": None}
    noise = profile.noise
    if not noise.ok:
        context.log(words.noise_sentence(noise), level="warning")
    for warning in noise.warnings:
        context.log(words.warning_sentence(warning), level="warning")
    context.log(f"stored as {profile.name}")
    return {
        "profile": profile.name,
        "complete": profile.complete,
        "rounds": profile.rounds,
        "noise": noise.to_dict(),
        "model": to_json(profile.model),
    }
