"""The Agora job: every round is stored at once with all its points."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from statistics import fmean
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.agora.loop import Round, agora
from bort.agora.loop.labelers import Appraisal, appraise
from bort.agora.text.data import load_texts
from bort.agora.text.findings import ArmResult, findings
from bort.agora.text.spec import ARMS
from bort.agora.torus.world import torus_world
from bort.agora.world import RoundSummary, World
from bort.core.agora import TextSpec, TorusSpec
from bort.core.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.serialise import from_json, to_json
from bort.jobs.kinds.agora_maps import RunMaps
from bort.jobs.runtime.context import JobContext
from bort.storage import EventCode
from bort.storage.agora import read_arms, write_arms
from bort.studies.agora import ComparisonResult, RunResult, corrections_in, read_run, read_spec
from bort.studies.agora_estimates import estimate_agora
from bort.studies.same_texts import check_same_texts, check_unchanged

if TYPE_CHECKING:
    from bort.agora.text.arms import Arms
if TYPE_CHECKING:
    from bort.agora.text.world import TextWorld

_METRICS = ("dev_error", "audit_error", "coverage", "accepted")
_REPORTED = ("round", "train_size", "errors_found", "proposed", *_METRICS)
Turn = Callable[[], AbstractContextManager[None]]
"""Held while the job trains."""


def run(context: JobContext) -> dict[str, Any]:
    """Run Agora as `context.spec` describes; return what `bort agora run --json` prints.

    The description contains `study`, `task` and the fields of a `TorusSpec` or a `TextSpec`; for a
    replay also `replay`, see `bort.studies.agora.replay_spec`. A resumed job continues after the
    stored rounds and gives the same results as an uninterrupted one.
    """
    _take_over(context)
    _plan_ahead(context, done=len(context.store.agora_rounds(context.job.id)))
    world, turn = _prepared(context)
    with turn():
        appraisal = _appraised(context, world)
    summaries = _run_rounds(context, world, turn)
    return dict(
        to_json(
            RunResult(
                study=context.spec["study"],
                task=context.spec["task"],
                job=context.job.id,
                rounds=tuple(summaries),
                final=summaries[-1].final,
                seconds=sum(summary.seconds for summary in summaries),
                labeler=appraisal,
                warnings=world.warnings,
                described=world.describe(),
            )
        )
    )


def _plan_ahead(context: JobContext, *, done: int) -> None:
    """List the stages and their times before the first begins."""
    context.report_part(Progress(stage=Stage.PLANNING))
    cost = estimate_agora(context.store, context.spec, done=done, without=context.job.id)
    stages = [[stage.work, stage.seconds] for stage in cost.stages]
    context.log(EventCode.PLANNED, stages=stages, minutes=cost.total_minutes)


def _take_over(context: JobContext) -> None:
    """Store the corrected rounds of the replayed run, each once."""
    replay = corrections_in(context.spec)
    if replay is None:
        return
    job, corrections = replay
    source = read_run(context.store, context.store.job(job))
    rounds = list(zip(source.corrected(corrections), source.summaries, strict=False))
    for r, summary in rounds[len(context.store.agora_rounds(context.job.id)) :]:
        _store(context, r, summary.corrected(r))
    context.report(Progress(len(rounds), stage=Stage.PLANNING))  # whoever watches sees them now


def _prepared(context: JobContext) -> tuple[World, Turn]:
    """Prepare the run. For texts this loads torch, and fine-tunes the teacher if none is cached."""
    spec = read_spec(context.spec)
    if isinstance(spec, TorusSpec):
        return torus_world(spec), nullcontext
    return prepared_texts(context, spec), partial(turn_to_train, context, spec.training.threads)


def prepared_texts(context: JobContext, spec: TextSpec) -> "TextWorld":
    """Load the task and prepare a run on texts, reporting each stage."""
    context.report_part(Progress(stage=Stage.LOADING_TASK))
    task = load_texts(spec, on_step=context.report_part)
    _check_texts(context, task.digest)
    from bort.agora.text.world import text_world

    with turn_to_train(context, spec.training.threads):
        return text_world(spec, task, on_step=context.report_part, should_stop=context.should_stop)


def _check_texts(context: JobContext, digest: str) -> None:
    """Check that the texts are those that this run, and a run that it replays, began with."""
    told = {"begun": "the run", "again": "bort agora run"}
    if (replay := corrections_in(context.spec)) is not None:
        check_unchanged(context.store.job(replay[0]).folder, digest, **told)
    check_same_texts(context.folder, digest, **told)


def _appraised(context: JobContext, world: World) -> Appraisal:
    """Test the labeler on dev before the first round, and log warnings about it."""
    rng = np.random.default_rng(world.options.seed)
    appraisal = appraise(world.parts.labeler, world.task.dev, rng)
    for warning in world.warnings:
        context.warn(EventCode.DATA_FLAW, **to_json(warning))
    if appraisal.doubt is not None:
        context.warn(EventCode.LABELER_DOUBTED, **to_json(appraisal))
    return appraisal


def _run_rounds(context: JobContext, world: World, turn: Turn) -> list[RoundSummary]:
    """Run and store the rounds that are not stored yet; return the summaries of all."""
    stored = read_run(context.store, context.job)
    with turn():
        world.recall(stored.rounds)
        maps = RunMaps(context, world)
        maps.keep(stored.rounds)
    summaries = list(stored.summaries)
    began = monotonic()
    before = sum(summary.seconds for summary in summaries)

    def is_out_of_time() -> bool:
        spent = before + monotonic() - began
        return world.minutes is not None and spent >= 60 * world.minutes

    for r, summary in _timed(world, maps, turn, stored.rounds, is_out_of_time):
        _store(context, r, summary)
        summaries.append(summary)
        _report(context, summaries, rounds=world.options.rounds)
        if context.should_stop():
            break
    return summaries


def _timed(
    world: World,
    maps: RunMaps,
    turn: Turn,
    done: Sequence[Round],
    is_out_of_time: Callable[[], bool],
) -> Iterator[tuple[Round, RoundSummary]]:
    """Yield each further round with its summary."""
    steps = agora(world.task, world.parts, world.options, done=done, is_out_of_time=is_out_of_time)
    while True:
        began = monotonic()
        with turn():
            step = next(steps, None)
            if step is None:
                return
            summary = world.observer.summary(step, world.options)
            # Stored before the round, so that a reader of a stored round finds it on the map.
            maps.keep([step.round])
        yield step.round, replace(summary, seconds=monotonic() - began)


def _store(context: JobContext, r: Round, summary: RoundSummary) -> None:
    context.store.add_agora_round(context.job.id, r.number, to_json(r), to_json(summary))


def _report(context: JobContext, summaries: Sequence[RoundSummary], *, rounds: int) -> None:
    last = summaries[-1]
    context.metrics(last.round, {name: getattr(last, name) for name in _METRICS})
    is_over = last.ending is not None
    left = 0 if is_over else rounds - last.round
    context.report(
        Progress(
            done=last.round + 1,
            total=last.round + 1 if is_over else rounds + 1,
            stage=Stage.AGORA_ROUND,
            eta_s=left * fmean(summary.seconds for summary in summaries),
            numbers={name: getattr(last, name) for name in _REPORTED},
        )
    )


@contextmanager
def turn_to_train(context: JobContext, threads: int | None) -> Iterator[None]:
    """Wait until this job may train, and report the wait while it lasts."""
    before = context.progress
    with training_turn(threads, context.should_stop, on_step=context.report_part):
        if context.progress.stage is Stage.WAITING_FOR_TRAINING:
            context.report(before)
        yield


def compare(context: JobContext) -> dict[str, Any]:
    """Compare as `context.spec` describes: the fields of a `TextSpec`, and the number `seeds`.

    A stored student is not trained again. An interrupted training starts again and gives the same
    result.
    """
    spec = TextSpec.from_dict(context.spec)
    _plan_ahead(context, done=0)
    world = prepared_texts(context, spec)
    from bort.agora.text.arms import Arms

    seeds = range(spec.seed, spec.seed + int(context.spec["seeds"]))
    students = list(
        from_json(tuple[ArmResult, ...], read_arms(context.job), what="the stored students")
    )
    context.report(Progress(len(students), len(ARMS) * len(seeds), Stage.COMPARING))
    for seed in seeds:
        if context.should_stop():
            break
        with turn_to_train(context, spec.training.threads):
            _run_seed(context, Arms(world, spec, seed), students, len(ARMS) * len(seeds))
    return ComparisonResult(
        study=spec.study,
        task=spec.task.task,
        job=context.job.id,
        seeds=len(seeds),
        findings=findings(students, world.teacher_wrong),
        students=tuple(students),
        described=world.describe(),
        seconds=sum(student.seconds for student in students),
    ).to_dict()


def _run_seed(context: JobContext, arms: "Arms", students: list[ArmResult], total: int) -> None:
    """Run the arms of one seed that `students` does not have yet, add them to it, and store it."""
    done = {student.arm: student for student in students if student.seed == arms.seed}
    for results in arms.missing(done):
        students.extend(results)
        write_arms(context.job, to_json(students))
        _report_arm(context, students, total=total)
        if context.should_stop():
            return


def _report_arm(context: JobContext, students: Sequence[ArmResult], *, total: int) -> None:
    last = students[-1]
    context.report(
        Progress(
            done=len(students),
            total=total,
            stage=Stage.COMPARING,
            subject=last.arm,
            eta_s=(total - len(students)) * fmean(student.seconds for student in students),
            numbers={"seed": last.seed, "audit_error": last.audit_error},
        )
    )
