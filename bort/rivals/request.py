"""What a comparison is asked for, checked before it starts. Imports no torch, for pages."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace

from bort.core.errors import InvalidDataError, InvalidOptionError, MissingExtraError
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.study import TaskSpec, TrainingSpec
from bort.finetuning.realised import evidence_of
from bort.latency.workload import check_threads
from bort.storage import ModelRecord, Store
from bort.studies.checks import threads_each
from bort.tasks import anchored
from bort.training.source import with_whole_paths

PACKAGES = {
    RivalKind.FASTTEXT: "fasttext",
    RivalKind.WORDLLAMA: "wordllama",
    RivalKind.MODEL2VEC: "model2vec",
    RivalKind.SETFIT: "setfit",
}
"""The module that a kind needs beyond those of the extra `train`; the extra `rivals` has them."""

FEW = 500
"""Labelled texts that SetFit learns from at most: it trains on 40 pairs for each."""
PAIRS_PER_TEXT = 40  # SetFit's; half of them of one class
PAIRS_AT_ONCE = 16


def usual_kinds(task: TaskSpec) -> list[RivalKind]:
    """List the rivals that are made unless some are named: SetFit only for a few single texts."""
    is_few = task.labelled is not None and task.labelled <= FEW and len(task.text) < 2
    return [kind for kind in RivalKind if is_few or kind is not RivalKind.SETFIT]


def check_few(kind: RivalKind, labelled: int) -> None:
    """Check that a kind can learn from so many labelled texts.

    Raises:
        InvalidDataError: they are too many.
    """
    if kind is RivalKind.SETFIT and labelled > FEW:
        raise InvalidDataError(
            f"the rival {kind} is for at most {FEW} labelled texts, but the task has {labelled}; "
            f"choose fewer with --labelled {FEW}, or leave it out with --rival"
        )


def is_installed(kind: RivalKind) -> bool:
    """Check whether a kind's package is there."""
    package = PACKAGES.get(kind)
    return package is None or importlib.util.find_spec(package) is not None


def check_installed(kind: RivalKind) -> None:
    """Check that a kind's package is there.

    Raises:
        MissingExtraError: it is not.
    """
    if not is_installed(kind):
        raise MissingExtraError(
            f"the rival {kind} needs {PACKAGES[kind]}, which is not installed; install it with: "
            "pip install 'bort[rivals]', or leave it out with --rival"
        )


def own_models(store: Store, task: TaskSpec) -> list[ModelRecord]:
    """List our models that were trained on exactly this task, and have their weights."""
    wanted = json.loads(json.dumps(task.to_dict()))
    mine = [one for one in store.models() if not one.is_example]
    return [one for one in mine if evidence_of(one).data.task_spec == wanted]


def describe_rivals(
    store: Store,
    task: TaskSpec,
    training: TrainingSpec,
    *,
    kinds: Sequence[RivalKind],
    models: Sequence[str] = (),
    parallel: int = 1,
) -> RivalsSpec:
    """Describe a comparison.

    Args:
        models: names of our models that join; none means all of this task.
    Raises:
        MissingExtraError: a kind's package is not installed.
        InvalidDataError: SetFit is asked to learn from too many labels, or from pairs.
        UnknownTaskError: there is no such task or file.
        InvalidOptionError: a model was not trained on this task, or this machine has fewer threads.
    """
    for kind in kinds:
        check_installed(kind)
        check_few(kind, task.labelled or 0)
        if kind is RivalKind.SETFIT and len(task.text) > 1:
            raise InvalidDataError(
                "SetFit learns from single texts, but the task has pairs; leave setfit out of "
                "--rival"
            )
    task = anchored(task)
    ours = [model.name for model in own_models(store, task)]
    if unknown := [name for name in models if name not in ours]:
        raise InvalidOptionError(
            f"no model {unknown[0]!r} was trained on this task; it has {', '.join(ours) or 'none'}"
        )
    check_threads(training.threads)
    threads = threads_each(training.threads, at_once=parallel)
    return RivalsSpec(
        task=task,
        training=replace(with_whole_paths(training), threads=threads),
        kinds=tuple(map(str, kinds)),
        models=tuple(models or ours),
        parallel=parallel,
    )


def check_own_texts(models: Sequence[ModelRecord], digest: str) -> None:
    """Check that our models were trained on the texts and labels that the task has now.

    Otherwise a text that one of them was trained on could be an audit text today.

    Raises:
        InvalidDataError: one was not.
    """
    for model in models:
        before = evidence_of(model).oracle.task_digest
        if before is not None and before != digest:
            raise InvalidDataError(
                f"the task's texts or labels have changed since {model.name} was trained "
                f"({before[:12]}… then, {digest[:12]}… now); train it again, or name the models "
                "to compare with --model"
            )
