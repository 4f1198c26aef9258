"""Make rivals of a task, judge them on audit, time them beside our models, and say who wins.

Every rival is kept in the cache once it is complete, so that a run that was stopped, or a second
one, goes on from there.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bort.core.errors import InvalidDataError
from bort.core.files import read_json, write_json_atomically
from bort.core.locks import building
from bort.core.machine import this_machine
from bort.core.paths import cache
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.rivals import Compared, Comparison, PerText, RivalKind
from bort.core.study import TrainingSpec
from bort.finetuning.realised import realised_of
from bort.latency.classifiers import BATCHES, Classify, Times, time_classifiers
from bort.latency.timing import Instruments, never
from bort.rivals import bags, contrast, networks, vectors
from bort.rivals.course import Course, Teaching, expected_seconds
from bort.rivals.memory import peak_memory
from bort.rivals.opening import opened
from bort.rivals.own import export_own
from bort.rivals.request import check_few, check_installed
from bort.rivals.rival import (
    Judged,
    Making,
    Method,
    dev_error,
    judge,
    size_of,
    texts_of,
    whole_folder,
)
from bort.rivals.verdicts import Contender, gain, verdict
from bort.storage import ModelRecord
from bort.tasks import Task
from bort.training.execution import ShouldStop, TrainingStoppedError, resolve_device
from bort.training.metrics import wilson
from bort.training.source import SourceNetwork, source_network
from bort.training.teacher import TeacherContext
from bort.training.tokens import encode_task

STOPPED = "the comparison was stopped; complete rivals are kept"
METHODS: Mapping[RivalKind, Method] = {
    RivalKind.TFIDF: bags.TFIDF,
    RivalKind.FASTTEXT: bags.FASTTEXT,
    RivalKind.WORDLLAMA: vectors.WORDLLAMA,
    RivalKind.MODEL2VEC: vectors.MODEL2VEC,
    RivalKind.PROBE: networks.PROBE,
    RivalKind.SOURCE: networks.SOURCE,
    RivalKind.SOURCE_INT8: networks.SOURCE_INT8,
    RivalKind.FEWER_LAYERS: networks.FEWER_LAYERS,
    RivalKind.PRUNED: networks.PRUNED,
    RivalKind.SETFIT: contrast.SETFIT,
}


TAUGHT = frozenset(kind for kind, method in METHODS.items() if method.prepare is networks.tune)
"""The kinds that come from the fine-tuned source network."""

Begin = Callable[[RivalKind], Callable[[Callable[[], object]], None]]
"""Lets a rival be made, and returns what waits until it is complete; while it waits, it calls what
it is given now and then.
"""

Turn = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class _Entry:
    row: Compared
    classify: Classify
    judged: Judged


def compare(
    task: Task,
    kinds: Sequence[RivalKind],
    models: Sequence[ModelRecord],
    training: TrainingSpec,
    *,
    work: Path,
    teaching: Teaching | None = None,
    on_step: OnStep = ignore,
    should_stop: ShouldStop = never,
    begin: Begin | None = None,
    at_once: int = 1,
    turn: Turn = nullcontext,
    instruments: Instruments | None = None,
) -> Comparison:
    """Make what is missing, judge everything on audit once, and time it in the same rounds.

    Args:
        models: ours, of the same task.
        work: a folder for our exported files.
        teaching: for the estimate of the seconds left; None gives none.
        begin: lets a rival be made elsewhere; None makes all here. Those that come from the
            fine-tuned source network are made here in any case, so that it is trained once.
        at_once: how many rivals are made at the same time, at most.
        turn: held while something is made, judged or timed here.
    Raises:
        TrainingStoppedError: `should_stop` returned True; complete rivals are kept.
        InvalidDataError: the task has fewer labelled texts than classes, or too many for SetFit.
    Cost: with all kinds about the time of two teachers; later runs a minute.
    """
    check_labels(task)
    for kind in kinds:
        check_installed(kind)
        check_few(kind, len(task.train))
    making = making_of(task, training, on_step=on_step, should_stop=should_stop)
    names = [model.name for model in models]
    there = {kind: is_made(kind, making) for kind in kinds}
    ahead = [kind for kind in kinds if begin and not there[kind] and kind not in TAUGHT]
    in_turn = sorted(kinds, key=lambda kind: kind in ahead)  # those of others are ready later
    expected = expected_seconds(names, there, teaching, ahead=ahead, at_once=at_once)
    course = Course([*names, *in_turn], expected, on_step)
    making = replace(making, context=replace(making.context, on_step=course.tell))
    waits = {kind: begin(kind) for kind in ahead} if begin else {}
    entries: list[_Entry] = []
    for model in models:
        _check_stop(should_stop)
        course.begin(model.name, Stage.EXPORTING)
        with turn():
            for runtime, folder in export_own(model, work / model.name).items():
                found = _entry(model.name, folder, task, runtime)
                row = replace(found.row, seconds=realised_of(model).seconds or None)
                entries.append(replace(found, row=row))
    rivals: dict[RivalKind, _Entry] = {}
    for kind in in_turn:
        _check_stop(should_stop)
        course.begin(kind, Stage.MAKING_RIVAL)
        if kind in waits:
            waits[kind](partial(course.tell, Progress(0, None, Stage.MAKING_RIVAL, kind)))
        with turn():
            rivals[kind] = _rival_entry(kind, made(kind, making), task)
    entries += [rivals[kind] for kind in kinds]
    with turn():
        times = _times(entries, task, on_step, should_stop, instruments)
    return Comparison(
        task=task.name,
        labelled=len(task.train),
        texts=len(task.audit),
        rows=_judged(entries, times),
        noise_ok=times.noise_ok,
        machine=this_machine(("numpy", "onnxruntime"), threads=1).to_dict(),
        digest=task.digest,
    )


def check_labels(task: Task) -> None:
    """Check that there are labelled texts of at least two classes, and as many as classes.

    Raises:
        InvalidDataError: there are not.
    """
    classes = len(task.class_names)
    if len(task.train) < classes or len(np.unique(task.train.labels)) < 2:
        raise InvalidDataError(
            f"{task.name} has {classes} classes, but only {len(task.train)} labelled training "
            "texts; give more with --labelled, or leave it out"
        )


def _check_stop(should_stop: ShouldStop) -> None:
    if should_stop():
        raise TrainingStoppedError(STOPPED)


def is_made(kind: RivalKind, making: Making) -> bool:
    """Check whether a rival is complete in the cache."""
    folder = _folder(kind, making)
    return folder.is_dir() and read_json(folder.with_suffix(".json")) is not None


def _folder(kind: RivalKind, making: Making) -> Path:
    return making.shared / f"{kind}-{making.key(kind + METHODS[kind].recipe)}"


def made(kind: RivalKind, making: Making) -> Path:
    """Return the folder with a rival's files, which is made if it is not in the cache."""
    folder, method = _folder(kind, making), METHODS[kind]
    note = folder.with_suffix(".json")
    with building(folder.with_suffix(".lock")):
        if not is_made(kind, making):
            seconds = method.prepare(making)
            begun = time.monotonic()
            with whole_folder(folder) as part:
                chosen = method.make(making, part)
                seconds += time.monotonic() - begun
                write_json_atomically(note, {"chosen": chosen, "seconds": seconds})
    return folder


def making_of(
    task: Task,
    training: TrainingSpec,
    source: SourceNetwork | None = None,
    *,
    on_step: OnStep = ignore,
    should_stop: ShouldStop = never,
) -> Making:
    """Prepare what rivals are made from.

    Args:
        source: a known one, instead of that which `training` names.
    """
    source = source or source_network(training.source)
    encoded = encode_task(
        task,
        source.folder,
        digest=source.digest,
        max_length=training.max_length,
        longest=int(source.config["max_position_embeddings"]),
    )
    context = TeacherContext(
        task=task,
        encoded=encoded,
        source=source,
        device=resolve_device("cpu"),
        on_step=on_step,
        should_stop=should_stop,
    )
    return Making(context, cache() / "rivals")


def _rival_entry(kind: RivalKind, folder: Path, task: Task) -> _Entry:
    found, note = _entry(kind, folder, task), read_json(folder.with_suffix(".json")) or {}
    row = replace(found.row, seconds=note["seconds"], chosen=note["chosen"])
    return replace(found, row=row)


def _entry(name: str, folder: Path, task: Task, runtime: str | None = None) -> _Entry:
    what = runtime or name
    classify = opened(what, folder)
    judged = judge(classify, task.audit, len(task.class_names))
    low, high = wilson(judged.accuracy, len(task.audit))
    row = Compared(
        name=str(name),
        runtime=runtime,
        dev_accuracy=1 - dev_error(classify, task),
        accuracy=judged.accuracy,
        low=low,
        high=high,
        macro_f1=judged.macro_f1,
        size_bytes=size_of(folder),
        memory_bytes=peak_memory(what, folder, texts_of(task.audit)),
    )
    return _Entry(row, classify, judged)


def _times(
    entries: Sequence[_Entry],
    task: Task,
    on_step: OnStep,
    should_stop: ShouldStop,
    instruments: Instruments | None,
) -> Times:
    found = None
    classifiers = {_key(entry.row): entry.classify for entry in entries}
    for step in time_classifiers(
        classifiers, texts_of(task.audit), should_stop=should_stop, instruments=instruments
    ):
        on_step(step)
        found = step.result
    if found is None or should_stop():
        raise TrainingStoppedError(STOPPED)
    return found


def _on_dev(row: Compared) -> float:
    """What the most accurate of ours is chosen by; audit only judges it."""
    return row.dev_accuracy


def _key(row: Compared) -> str:
    return f"{row.name} {row.runtime or ''}"


def _judged(entries: Sequence[_Entry], times: Times) -> tuple[Compared, ...]:
    contenders = {
        _key(entry.row): Contender(
            entry.row.size_bytes,
            {batch: one.median_ms for batch, one in times.latencies[_key(entry.row)].items()},
            entry.judged.right,
        )
        for entry in entries
    }
    ours = [contenders[_key(entry.row)] for entry in entries if entry.row.is_ours]
    most = max((e.row for e in entries if e.row.is_ours), key=_on_dev, default=None)
    best = None if most is None else contenders[_key(most)]
    rows = []
    for entry in entries:
        latency = {
            str(batch): PerText(median_ms=one.median_ms, low_ms=one.low_ms, high_ms=one.high_ms)
            for batch, one in times.latencies[_key(entry.row)].items()
        }
        row = replace(entry.row, latency=latency)
        mine = contenders[_key(entry.row)]
        if not row.is_ours and best is not None:
            found = {str(batch): verdict(mine, ours, batch) for batch in BATCHES}
            row = replace(
                row,
                verdicts={batch: one for batch, one in found.items() if one is not None},
                over_best=gain(mine.right, best.right),
            )
        rows.append(row)
    return tuple(rows)
