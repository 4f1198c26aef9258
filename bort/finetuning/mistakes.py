"""What a model gets wrong: which classes it confuses, and on which texts it is wrong. Pure.

The confusion is counted on audit, which no choice was based on. The single mistakes are those on
dev: people read them and change something, and would so make audit a second dev.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_KEPT = 1_000  # mistakes that are kept, the most confident ones

Integers = NDArray[np.int64]


class Confused(NamedTuple):
    """How many texts of one class got another as answer; classes by number."""

    true: int
    answer: int
    texts: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """All pairs of true class and answer that occur, right answers included."""

    pairs: tuple[Confused, ...]

    def __post_init__(self) -> None:
        if any(min(pair) < 0 for pair in self.pairs):
            raise ValueError("classes and counts must not be negative")

    def matrix(self, classes: int) -> Integers:
        """Make the confusion matrix, shape (classes, classes): rows are true, columns answers."""
        found = np.zeros((classes, classes), dtype=np.int64)
        for pair in self.pairs:
            found[pair.true, pair.answer] = pair.texts
        return found

    def mistaken(self) -> list[Confused]:
        """List the pairs of different classes, the most frequent first."""
        wrong = [pair for pair in self.pairs if pair.true != pair.answer]
        return sorted(wrong, key=lambda pair: (-pair.texts, pair.true, pair.answer))

    def of_class(self, true: int) -> int:
        """Count the texts of a class."""
        return sum(pair.texts for pair in self.pairs if pair.true == true)


class Mistake(NamedTuple):
    """A text that was answered wrongly.

    Attributes:
        row: its position in dev.
        true: the number of its class.
        answer: the number of the model's answer.
        score: the probability of that answer.
    """

    row: int
    true: int
    answer: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """The mistakes on dev, without the texts.

    Attributes:
        count: how many there are.
        kept: the `MOST_KEPT` most confident ones, those first.
        digest: `Task.dev_digest`, so that rows are only read from the same texts.
    """

    count: int
    kept: tuple[Mistake, ...]
    digest: str

    def __post_init__(self) -> None:
        if any(min(one) < 0 or one.score > 1 for one in self.kept):
            raise ValueError("rows and classes must not be negative, and scores be from 0 to 1")


def confusion_of(labels: Integers, answers: Integers) -> Confusion:
    """Count pairs of true class and answer, each of shape (n,).

    Examples:
        >>> found = confusion_of(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 1, 0]))
        >>> found.mistaken()
        [Confused(true=0, answer=1, texts=2), Confused(true=1, answer=0, texts=1)]
        >>> found.matrix(2).tolist()
        [[1, 2], [1, 1]]
    """
    pairs, counts = np.unique(np.stack([labels, answers]), axis=1, return_counts=True)
    rows = zip(*pairs.tolist(), counts.tolist(), strict=True)
    return Confusion(tuple(Confused(*row) for row in rows))


def mistakes_of(
    labels: Integers, answers: Integers, scores: NDArray[np.floating], *, digest: str
) -> Mistakes:
    """List the wrong answers to dev, the most confident first.

    Args:
        labels, answers, scores: shape (n,).
        digest: of dev.
    """
    wrong = np.flatnonzero(labels != answers)
    order = wrong[np.argsort(-scores[wrong], kind="stable")][:MOST_KEPT]
    kept = (Mistake(int(i), int(labels[i]), int(answers[i]), float(scores[i])) for i in order)
    return Mistakes(count=len(wrong), kept=tuple(kept), digest=digest)
