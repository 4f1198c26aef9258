"""Methods that a small model is compared with, and the facts that the errors of a study depend on.

Codes and numbers only; `bort.report.baselines` makes the words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from bort.core.files import DATA_ENDINGS


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
    FILE = "file"
    """The user's file of soft labels. It answers only the texts that it has."""


MANY_UNKNOWN = 0.01  # share of tokens; English texts have hardly any under an English vocabulary
ENOUGH = 50  # answered texts; an error rate on fewer says too little to judge a teacher by

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


def is_soft_labels(teacher: str | None) -> bool:
    """Whether the user's teacher is a file of soft labels, and no network.

    Examples:
        >>> is_soft_labels("answers.parquet"), is_soft_labels("models/teacher")
        (True, False)
    """
    return teacher is not None and PurePath(teacher).suffix.lower() in DATA_ENDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many texts of a task a file of soft labels answers.

    Attributes:
        covered: answered texts by split: train, dev, audit.
        texts: all texts by split.
        judged_on: the split on whose answered texts the teacher's error is measured.
    """

    covered: Mapping[str, int]
    texts: Mapping[str, int]
    judged_on: str = "dev"

    def is_enough(self, split: str) -> bool:
        """Whether the file answers enough texts of a split to judge it by them."""
        return self.texts[split] > 0 and self.covered[split] >= self.least(split)

    def least(self, split: str) -> int:
        """The fewest texts of a split that are enough: `ENOUGH`, or half of a smaller split."""
        return min(ENOUGH, (self.texts[split] + 1) // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleFacts:
    """The facts that all trainings of a study depend on, and what they are compared with.

    Attributes:
        teacher_methods: whose mean probabilities the candidates learn from.
        baselines: what seconds of fitting reach on dev.
        teachers: the choices for `teacher_methods`, the best on dev first.
        unknown_share: how many of the words and pieces in the task's texts the source network's
            vocabulary does not have, as a share.
        coverage: of a teacher that is a file of soft labels. `teachers` is then about the texts
            that it answers in `coverage.judged_on`, and so is `teacher_dev_error`, which is None
            if that is not dev.
    """

    source: str
    source_sha256: str
    teacher: str
    teacher_dev_error: float | None
    device: str
    threads: int
    teacher_sha256: str | None = None
    majority_dev_error: float | None = None
    task_digest: str | None = None
    max_length: int | None = None
    tokens_in_task: int | None = None
    unknown_share: float | None = None
    teacher_methods: tuple[Method, ...] = (Method.FINETUNED,)
    baselines: tuple[Scored, ...] = ()
    teachers: tuple[Scored, ...] = ()
    coverage: Coverage | None = None

    @property
    def best_baseline(self) -> Scored | None:
        """The baseline with the lowest dev error; None if none was fitted."""
        return min(self.baselines, key=lambda scored: scored.error_rate, default=None)
