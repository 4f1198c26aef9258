"""The results of a trained model and the evidence behind them.

Terminal, pages, figures and model card all use these values. The store keeps them as JSON
(`ModelRecord.realised`, `ModelRecord.evidence`); `realised_of` and `evidence_of` read them. Fields
with a default may be missing from what older versions stored. Imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bort.core.baseline import Method, OracleFacts
from bort.core.errors import InvalidDataError
from bort.core.finetune import Recipe
from bort.core.serialise import from_json
from bort.core.study import TaskSpec
from bort.finetuning.calibration import Calibration
from bort.finetuning.deployed import Deployed
from bort.finetuning.mistakes import Confusion, Mistakes
from bort.finetuning.reliability import Reliability
from bort.latency.workload import Workload
from bort.storage import ModelRecord

TEACHER = "teacher"  # its key in `RuntimeTimes.models`


def landmark_key(name: str) -> str:
    """Return a landmark's key in `RuntimeTimes.models`."""
    return f"landmark {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The share of right answers with its 95% interval, averaged over the seeds.

    Attributes:
        n: number of texts; None in records of older versions, which did not store it.
        weakest: the classes with the lowest F1, the lowest first, and their F1.
    """

    accuracy: float
    low: float
    high: float
    macro_f1: float
    n: int | None = None
    weakest: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAccuracy(Accuracy):
    """Accuracy on audit, which no choice was based on; `of_seeds` has each seed's."""

    n: int
    of_seeds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DevAccuracy:
    """Accuracy on dev. It chose the weights and the seed, so it has no interval."""

    accuracy: float
    n: int
    of_seeds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The seed whose weights are the model: the best on dev."""

    seed: int
    dev_accuracy: float
    audit_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBytes:
    """Bytes of the smallest exported weights and of tokenizer.json, together.

    In float32 the weights are `bort export --format hf` or numpy, in int8 `onnx` or numpy.
    """

    float32: int
    int8: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherResult(Accuracy):
    """The teacher's accuracy on audit; that of a file of soft labels on the texts it answers.

    Attributes:
        model_type: the `model_type` of its config.json.
        latency_ms: measured together with the model; None for a file, and for an architecture that
            cannot be timed.
    """

    name: str
    dev_accuracy: float | None = None
    model_type: str | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two accuracies on the same audit texts, with its 95% interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Accuracy):
    """A baseline's accuracy on audit.

    Attributes:
        model_gain: how much more accurate the model is on the same texts.
        teacher_gain: how much more accurate the teacher is, on the texts that it answers.
    """

    name: str = ""
    parameters: str | None = None
    model_gain: Difference | None = None
    teacher_gain: Difference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSummary:
    """The cost and result of one stage of one seed.

    Attributes:
        stage: "distil", "finetune", "agora1", "agora2", ...
        chosen_step: the step whose weights were kept.
        dev_error: the error of those weights.
    """

    stage: str
    seed: int
    steps: int
    chosen_step: int
    dev_error: float
    seconds: float
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedLatency:
    """The model's latency on one runtime, in ms; low and high are the median's 95% interval."""

    median_ms: float
    low_ms: float
    high_ms: float
    workload: str
    noise_ok: bool
    p95_ms: float | None = None
    teacher_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkResult:
    """The published model nearest in size. Its authors trained it; here it is only timed."""

    name: str
    parameter_count: int
    published_parameter_count: int | None = None
    source: str = ""
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """The search's result for the architecture, after a short training: its `Point` as JSON."""

    parameter_count: int
    latency_ms: float
    error_rate: float
    error_se: float
    id: str = ""
    architecture: Mapping[str, int] = field(default_factory=dict)
    effective_parameter_count: int | None = None
    latency_low_ms: float | None = None
    latency_high_ms: float | None = None
    latency_measured: Mapping[str, Any] | None = None
    n_dev: int | None = None
    macro_f1: float | None = None
    seeds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """A trained model: one row of `bort finetune --json`.

    Attributes:
        audit: the architecture's accuracy, mean over the seeds, on texts that no choice used.
        teacher: None if it is a file that answers too few audit texts to be judged on them.
        share_of_teacher: accuracy as a share of the teacher's, on the audit texts that it answers.
        plain_student: the same architecture from random weights, on the true labels alone.
        predicted: None if the search never trained the architecture.
        reliability: of the exported weights on dev; None in records of older versions.
        confusion, calibration: of the exported weights on audit; None in records of older versions.
        files: None in records of older versions, and for families without a closed form.
        deployed: None until `bort export --format fastest` has timed the files.
        latency: by runtime; `latency_ms` is the median on the first one.
        dev_is_seen: Agora learned from dev texts, so the dev accuracy is not independent.
        seconds: training time of all stages together.
    """

    model: str = ""
    study: str
    task: str
    architecture: Mapping[str, int]
    architecture_id: str
    seeds: tuple[int, ...]
    dev: DevAccuracy
    audit: AuditAccuracy
    exported: Exported
    teacher: TeacherResult | None
    share_of_teacher: float | None
    difference_from_teacher: Difference | None = None
    plain_student: Baseline | None = None
    majority: Baseline | None = None
    tfidf: Baseline | None = None
    probe: Baseline | None = None
    landmark: LandmarkResult | None = None
    predicted: Predicted | None = None
    parameter_count: int
    effective_parameter_count: int | None = None
    files: FileBytes | None = None
    deployed: Deployed | None = None
    reliability: Reliability | None = None
    confusion: Confusion | None = None
    calibration: Calibration | None = None
    latency_ms: float
    latency: Mapping[str, RealisedLatency]
    times_faster_than_teacher: float | None = None
    stages: tuple[StageSummary, ...] = ()
    dev_is_seen: bool = False
    seconds: float = 0.0

    @property
    def baselines(self) -> dict[Method, Baseline]:
        """The baselines that were fitted, in the order in which they are shown."""
        found = {
            Method.MAJORITY: self.majority,
            Method.TFIDF: self.tfidf,
            Method.PROBE: self.probe,
        }
        return {method: baseline for method, baseline in found.items() if baseline is not None}

    @property
    def beaten_by(self) -> Method | None:
        """The best baseline, if it is more accurate on audit than the model."""
        if not self.baselines:
            return None
        best = max(self.baselines, key=lambda method: self.baselines[method].accuracy)
        return best if self.baselines[best].accuracy > self.audit.accuracy else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """The task that a model was trained on.

    Attributes:
        task_spec: its `TaskSpec` as JSON.
        is_studys: whether it is the task of the model's study.
    """

    task: str
    task_spec: Mapping[str, Any]
    title: str
    class_names: tuple[str, ...]
    splits: Mapping[str, int]
    unlabelled: int
    seed: int
    is_studys: bool = True

    @property
    def text(self) -> tuple[str, ...]:
        """The names of the text columns: one, or two for pairs of texts."""
        return TaskSpec.from_dict(self.task_spec).text


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFacts:
    """The search that a model was picked from; `ledger` is its guarantee ledger as JSON."""

    command: str
    study: str
    space_size: int
    evaluations: int
    certified_epsilon: float | None
    goal: str
    guarantee: str
    ledger: tuple[Mapping[str, Any], ...] = ()
    epsilon: float | None = None
    weights: tuple[float, ...] = ()
    latency: Mapping[str, Any] = field(default_factory=dict)
    front: tuple[str, ...] = ()
    cover: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedModel:
    """A model's time on one runtime, in ms; low and high are the median's 95% interval."""

    median_ms: float
    low_ms: float
    high_ms: float
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeTimes:
    """One interleaved measurement of several models on one runtime.

    Attributes:
        models: by architecture id, `TEACHER`, or `landmark_key`.
    """

    workload: str
    noise_ok: bool
    models: Mapping[str, TimedModel]
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    noise: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence for a model's results.

    Attributes:
        search: None if the study was deleted.
        space: `SearchSpace.to_dict()`.
        max_length: most tokens per training text.
        workload: what the latency was measured on.
        machine: `Fingerprint.to_dict()` of the machine that trained it.
        latency: by runtime.
        mistakes: of the exported weights on dev; None in records of older versions.
    """

    search: SearchFacts | None
    space: Mapping[str, Any]
    data: DataFacts
    oracle: OracleFacts
    recipe: Recipe
    max_length: int
    workload: Workload
    machine: Mapping[str, Any]
    latency: Mapping[str, RuntimeTimes] = field(default_factory=dict)
    trained_at: str | None = None
    mistakes: Mistakes | None = None


def realised_of(model: ModelRecord) -> Realised:
    """Read the results of a stored model.

    Raises:
        InvalidDataError: its record is damaged.
    """
    return from_json(Realised, model.realised, what=_named(model), error=InvalidDataError)


def evidence_of(model: ModelRecord) -> Evidence:
    """Read the evidence behind a stored model.

    Raises:
        InvalidDataError: its record is damaged.
    """
    return from_json(Evidence, model.evidence, what=_named(model), error=InvalidDataError)


def _named(model: ModelRecord) -> str:
    return f"the record of the model {model.name!r}"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A stored model with its results and evidence."""

    record: ModelRecord
    realised: Realised
    evidence: Evidence

    @classmethod
    def of(cls, record: ModelRecord) -> "TrainedModel":
        """Read a model's record.

        Raises:
            InvalidDataError: it is damaged.
        """
        found = cls(record, realised_of(record), evidence_of(record))
        confusion, mistakes = found.realised.confusion, found.evidence.mistakes
        named = [max(one.true, one.answer) for one in confusion.pairs] if confusion else []
        named += [max(one.true, one.answer) for one in mistakes.kept] if mistakes else []
        if max(named, default=-1) >= len(found.evidence.data.class_names):
            raise InvalidDataError(
                f"{_named(record)} has mistakes of a class that it does not name"
            )
        return found
