"""Methods that a small model is compared with, and the facts that the errors of a study depend on.

Codes and numbers only; `bort.report.baselines` makes the words.
"""

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """A way to classify texts. It is stored, so a value keeps its meaning."""

    MAJORITY = "majority"
    """Always the most frequent class."""
    TFIDF = "tfidf"
    """Logistic regression on the tf-idf of words and pairs of words."""
    PROBE = "probe"
    """Logistic regression on the frozen source network's mean-pooled vectors."""
    FINETUNED = "finetuned"
    """The source network, fine-tuned."""
    GIVEN = "given"
    """A classifier that the user named."""


BASELINES = (Method.MAJORITY, Method.TFIDF, Method.PROBE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The error of a method on dev, with its 95% interval.

    Attributes:
        methods: several stand for the mean of their probabilities.
        n: dev texts.
        weakest: the classes with the lowest F1, the lowest first, and their F1.
    """

    methods: tuple[Method, ...]
    error_rate: float
    low: float
    high: float
    macro_f1: float
    n: int
    weakest: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleFacts:
    """The facts that all trainings of a study depend on, and what they are compared with.

    Attributes:
        teacher_methods: whose mean probabilities the candidates learn from.
        baselines: what seconds of fitting reach on dev.
        teachers: the choices for `teacher_methods`, the best on dev first.
    """

    source: str
    source_sha256: str
    teacher: str
    teacher_dev_error: float
    device: str
    threads: int
    teacher_sha256: str | None = None
    majority_dev_error: float | None = None
    task_digest: str | None = None
    max_length: int | None = None
    tokens_in_task: int | None = None
    teacher_methods: tuple[Method, ...] = (Method.FINETUNED,)
    baselines: tuple[Scored, ...] = ()
    teachers: tuple[Scored, ...] = ()

    @property
    def best_baseline(self) -> Scored | None:
        """The baseline with the lowest dev error; None if none was fitted."""
        return min(self.baselines, key=lambda scored: scored.error_rate, default=None)
