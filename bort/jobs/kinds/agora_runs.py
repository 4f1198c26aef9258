"""What an Agora job runs, from its description: points on the torus, or texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from bort.agora.loop.labelers import appraise
from bort.agora.loop.options import AgoraOptions
from bort.agora.loop.parts import Parts
from bort.agora.loop.rounds import Round
from bort.agora.loop.run import AgoraTask
from bort.agora.loop.summary import Observer
from bort.agora.loop.values import FloatArray, Inputs, Value, as_values
from bort.agora.torus.world import TorusSpec, torus_options, torus_world
from bort.core.errors import BortError
from bort.core.machine.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.jobs.runtime.context import JobContext

TORUS = "torus"


@dataclass(frozen=True, eq=False, slots=True)
class AgoraRun:
    """A run, ready to go round.

    Attributes:
        task, parts, options: for the loop.
        observer: tells of each round what the loop does not look at.
        recall: brings back what stored rounds left in memory, so that a resumed run is the same.
        locate: gives the vectors that the map is drawn from; None where inputs are their own.
        described: what results rest on, ready for JSON.
        turn: held while a round is trained.
        minutes: after so many no further round is begun; None is no limit.
        warnings: what speaks against its data or its labeler.
    """

    task: AgoraTask
    parts: Parts
    options: AgoraOptions
    observer: Observer
    recall: Callable[[Sequence[Round]], None]
    locate: Callable[[Inputs], FloatArray] | None
    described: Mapping[str, Any]
    turn: Callable[[], AbstractContextManager[None]]
    minutes: float | None
    warnings: tuple[str, ...]


def agora_run(context: JobContext) -> AgoraRun:
    """What `context.spec` describes.

    Raises:
        BortError: something of it cannot be used.
        TrainingStoppedError: the job was told to stop meanwhile.
    """
    run = _torus if context.spec["task"] == TORUS else _texts
    return run(context)


def _torus(context: JobContext) -> AgoraRun:
    spec = _torus_spec(context.spec)
    world = torus_world(spec)
    observer = Observer(
        audit=world.audit,
        represent=world.parts.represent,
        to_cover=world.task.dev.inputs,
        radius=spec.radius,
        dimension=2,
    )
    return AgoraRun(
        task=world.task,
        parts=world.parts,
        options=torus_options(spec),
        observer=observer,
        recall=lambda _rounds: None,
        locate=None,
        described={"class_names": list(world.task.class_names), "radius": spec.radius},
        turn=nullcontext,
        minutes=None,
        warnings=_doubts(world.task, world.parts, spec.seed),
    )


def _texts(context: JobContext) -> AgoraRun:
    """Loads torch, and fine-tunes the teacher where none is cached."""
    context.report_part(Progress(stage=Stage.LOADING_TASK))
    from bort.agora.text.material import run_task
    from bort.agora.text.spec import TextSpec

    spec = TextSpec.from_dict(context.spec)
    task = run_task(spec, on_step=context.report_part)
    from bort.agora.text.world import text_world

    turn = partial(turn_to_train, context, spec.training.threads)
    with turn():
        world = text_world(spec, task, on_step=context.report_part, should_stop=context.should_stop)
        doubts = _doubts(world.task, world.parts, spec.seed)
    return AgoraRun(
        task=world.task,
        parts=world.parts,
        options=world.options,
        observer=world.observer,
        recall=world.recall,
        locate=world.space.aside,
        described=world.describe(),
        turn=turn,
        minutes=spec.minutes,
        warnings=(*task.warnings, *doubts),
    )


def parents_of(spec: Mapping[str, Any]) -> tuple[Value, ...] | None:
    """The dev items that a job's points were sampled near, by the numbers that they call them.

    None where the task cannot be read any more: a file was moved, say.
    """
    from bort.agora.text.inputs import split_inputs
    from bort.agora.text.material import run_task
    from bort.agora.text.spec import TextSpec

    if spec["task"] == TORUS:
        return as_values(torus_world(_torus_spec(spec)).task.dev.inputs)
    try:
        return as_values(split_inputs(run_task(TextSpec.from_dict(spec)).dev))
    except BortError:
        return None


def _torus_spec(values: Mapping[str, Any]) -> TorusSpec:
    known = {field.name for field in fields(TorusSpec)}
    return TorusSpec(**{key: value for key, value in values.items() if key in known})


def _doubts(task: AgoraTask, parts: Parts, seed: int) -> tuple[str, ...]:
    """What speaks against the labeler, told before the first round."""
    warning = appraise(parts.labeler, task.dev, np.random.default_rng(seed)).warning
    return () if warning is None else (warning,)


@contextmanager
def turn_to_train(context: JobContext, threads: int | None) -> Iterator[None]:
    """This job's turn; where it has to wait for another job's, it says so until that is over."""
    before = context.progress
    with training_turn(threads, context.should_stop, on_step=context.report_part):
        if context.progress.stage is Stage.WAITING_FOR_TRAINING:
            context.report(before)
        yield
