"""Record finished models for the lesson "From a point to a model", from the store.

Nothing is trained here. Search a task, finish some of its points with `bort finetune`, and record.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from bort.core.errors import InvalidDataError
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.finetuning.realised import Realised, evidence_of, realised_of
from bort.finetuning.stages import DEV_ERROR, Curve, curves_of
from bort.storage import ModelRecord, Store


def record(store: Store, *, on_step: OnStep = ignore) -> list[dict[str, Any]]:
    """Describe the finished models that a search had trained: what it promised, what came true.

    Of several models of one task and architecture, the newest counts.

    Returns:
        For each model `stages` with the dev errors, pairs of step and error, as it was trained. The
        steps of the second stage go on after those of the first.
    Raises:
        InvalidDataError: the store has no such model.
    """
    models = [one for one in store.models() if not one.is_imported and one.job_id is not None]
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for done, model in enumerate(sorted(models, key=lambda one: one.created_at)):
        on_step(Progress(done, len(models), Stage.READING_TEXTS, model.name))
        realised = realised_of(model)
        if realised.predicted is not None:
            found = _described(store, model, realised)
            newest[found["task"], found["id"]] = found
    if not newest:
        raise InvalidDataError(
            "this store has no finished model that a search had trained; run: bort finetune --best"
        )
    return sorted(newest.values(), key=lambda one: (one["task"], one["audit"]))


def _described(store: Store, model: ModelRecord, realised: Realised) -> dict[str, Any]:
    predicted = realised.predicted
    assert predicted is not None
    assert model.job_id is not None
    curves = curves_of(store.metrics(model.job_id))
    own = [one for one in curves if one.architecture_id == model.architecture_id]
    return {
        "id": _name(model),
        "task": PurePath(realised.task).stem,
        "parameters": realised.parameter_count,
        "promised_parameters": predicted.parameter_count,
        "promised": round(predicted.error_rate, 5),
        "dev": round(1 - realised.dev.accuracy, 5),
        "audit": round(1 - realised.audit.accuracy, 5),
        "interval": [round(1 - end, 5) for end in (realised.audit.high, realised.audit.low)],
        "texts": realised.audit.n,
        "teacher": None if realised.teacher is None else round(1 - realised.teacher.accuracy, 5),
        "promised_ms": round(predicted.latency_ms, 4),
        "ms": round(realised.latency_ms, 4),
        "is_quiet": all(one.noise_ok for one in realised.latency.values()),
        "stages": list(_stages(realised, own)),
    }


def _name(model: ModelRecord) -> str:
    """The architecture's id, with its family also where the space has only one."""
    family = evidence_of(model).space.get("family")
    return f"{family}-{model.architecture_id}" if family else model.architecture_id


def _stages(realised: Realised, curves: Sequence[Curve]) -> Iterator[dict[str, Any]]:
    """The dev errors of both stages; distillation runs once, whatever the number of seeds."""
    before = 0
    for name, seeds in (("distil", realised.seeds), ("finetune", (realised.exported.seed,))):
        stage = next(one for one in realised.stages if one.stage == name and one.seed in seeds)
        rate = float(f"{stage.learning_rate:.3g}")
        curve = next(
            one
            for one in curves
            if (one.task, one.quantity) == (realised.task, DEV_ERROR)
            and (one.stage, one.seed, one.learning_rate) == (name, stage.seed, rate)
        )
        points = [(before + step, round(error, 5)) for step, error in curve.points]
        yield {"name": name, "steps": stage.steps, "points": points}
        before += stage.steps
