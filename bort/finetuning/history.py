"""A trained model with its curves and with the search that it was picked from."""

from dataclasses import dataclass

from bort.core.errors import UnknownStudyError
from bort.finetuning.realised import TrainedModel
from bort.finetuning.stages import Curve, curves_of
from bort.storage import ModelRecord, Store
from bort.studies.answers import StudyAnswer, read_answer


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """What a store knows of a model.

    Attributes:
        curves: of all its trainings; empty for an imported model.
        answer: of its study; None if that is no longer stored.
    """

    model: TrainedModel
    curves: tuple[Curve, ...]
    answer: StudyAnswer | None


def read_history(store: Store, record: ModelRecord) -> ModelHistory:
    """Read a model with everything around it.

    Raises:
        InvalidDataError: its record is damaged.
    """
    model = TrainedModel.of(record)
    metrics = {} if record.job_id is None else store.metrics(record.job_id)
    own = (record.architecture_id, model.realised.task)
    curves = tuple(c for c in curves_of(metrics) if (c.architecture_id, c.task) == own)
    try:
        answer = read_answer(store, record.study)
    except UnknownStudyError:
        answer = None
    return ModelHistory(model, curves, answer)
