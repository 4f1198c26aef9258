"""Rivals: other people's small classifiers. Their codes, and the values of a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bort.core.fields import Description, ask
from bort.core.kinds import Whole
from bort.core.study import MOST_AT_ONCE, TaskSpec, TrainingSpec


class RivalKind(StrEnum):
    """A way to make a small text classifier. It is stored, so a value keeps its meaning."""

    TFIDF = "tfidf"
    """Logistic regression on the tf-idf of words and pairs of words."""
    FASTTEXT = "fasttext"
    """fastText, quantised (Joulin et al. 2016)."""
    WORDLLAMA = "wordllama"
    """Logistic regression on wordllama's vectors."""
    MODEL2VEC = "model2vec"
    """Logistic regression on vectors that model2vec distils from the source network."""
    PROBE = "probe"
    """Logistic regression on the frozen source network's vectors, as one ONNX file."""
    SOURCE = "source"
    """The source network, fine-tuned, as an ONNX file in float32."""
    SOURCE_INT8 = "source-int8"
    """The same file, quantised dynamically to int8."""
    FEWER_LAYERS = "fewer-layers"
    """The lower half of the source network's layers, fine-tuned (Sajjad et al. 2020)."""
    PRUNED = "pruned"
    """The fine-tuned source network without its smallest weights (Han et al. 2015)."""
    SETFIT = "setfit"
    """SetFit on the source network: pairs of a few texts, then logistic regression."""


class Verdict(StrEnum):
    """What a rival is, beside ours, at one batch size."""

    BEATEN = "beaten"
    """One of ours is smaller, faster and not less accurate."""
    SURVIVES = "survives"
    """Neither."""
    BEATS_US = "beats us"
    """It is smaller, faster and not less accurate than every one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalsSpec(Description):
    """The frozen description of a comparison: which rivals are made on which task.

    Attributes:
        training: the source network, the most tokens per text, and the threads; the rest is not
            used.
        kinds: codes of `RivalKind`.
        models: names of our models of this task that join the comparison.
    """

    task: TaskSpec = field(default_factory=TaskSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    parallel: int = ask(
        1,
        Whole(1, MOST_AT_ONCE, metavar="N"),
        "Trainings at once",
        "Have this many trainings at once, each on its share of the cores.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PerText:
    """Milliseconds per text from text to label, on one thread; the median and its 95% interval."""

    median_ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The difference of two accuracies on the same texts, with its 95% interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A classifier in the comparison.

    Attributes:
        name: a rival's code, or our model's name.
        runtime: of our models, the runtime whose file this is; None for rivals.
        accuracy, low, high, macro_f1: on audit, with the 95% interval.
        size_bytes: of all files that it needs, tokenizer included.
        memory_bytes: peak resident memory of a process that only classifies with it; None in
            comparisons of an older bort.
        seconds: of making it; of ours, of the training stages. None if nobody knows.
        chosen: what was chosen on dev.
        latency: by batch size, as text.
        verdicts: of a rival beside ours, by batch size, as text.
        over_best: accuracy of a rival minus that of the most accurate of ours.
    """

    name: str
    runtime: str | None = None
    dev_accuracy: float
    accuracy: float
    low: float
    high: float
    macro_f1: float
    size_bytes: int
    memory_bytes: int | None = None
    seconds: float | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    latency: Mapping[str, PerText] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    over_best: Gain | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is one of our models."""
        return self.runtime is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All classifiers of a task, ours first.

    Attributes:
        labelled: labelled training texts.
        texts: audit texts.
        noise_ok: whether the machine was quiet while they were timed.
        machine: the fingerprint of the machine that they were timed on.
        digest: SHA-256 of the task's texts and labels; None in comparisons of an older bort.
    """

    task: str
    labelled: int
    texts: int
    rows: tuple[Compared, ...]
    noise_ok: bool
    machine: Mapping[str, Any]
    digest: str | None = None
