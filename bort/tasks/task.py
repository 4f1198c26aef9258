"""A task: texts, labels and three splits that never mix."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from bort.tasks.table import RowReport, folded

Labels = npt.NDArray[np.int64]


UNLABELLED = -1
FEW_TEXTS = 10  # training texts of a class; with fewer, what a model learns of it is luck


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One part of a task, in a fixed order.

    Attributes:
        texts: n texts, verbatim.
        pairs: n second texts if the task has two text columns, else None.
        labels: shape (n,), positions in `Task.class_names`; -1 if hidden. Read-only.
    """

    texts: tuple[str, ...]
    pairs: tuple[str, ...] | None
    labels: Labels

    def __post_init__(self) -> None:
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class TaskReport:
    """How many rows were found and left out, before and during splitting.

    Attributes:
        rows: the report before splitting.
        parted_from_published_split: rows left out because another split has a copy.
        classes_absent: classes without texts, by split ("train", "dev" or "audit").
        shared_with_other_split: rows of "dev" or "audit" with a near-duplicate in another split,
            where the splits are a person's own.
        drawn: splits that a person's own split lacks, so that they came from training rows.
        scarce: the classes with fewer than `FEW_TEXTS` training texts, and how many each has.
    """

    rows: RowReport
    parted_from_published_split: int
    classes_absent: Mapping[str, Sequence[str]]
    shared_with_other_split: Mapping[str, int] = field(default_factory=dict)
    scarce: Mapping[str, int] = field(default_factory=dict)
    drawn: tuple[str, ...] = ()


class DataFlaw(StrEnum):
    """The flaws of data that make results misleading. They are stored, so a value keeps its
    meaning.
    """

    TEMPLATED = "templated"
    """Rows are near-duplicates of each other, in all splits."""
    CLASSES_ABSENT = "classes absent"
    """A split has no text of some classes."""
    SHARED = "shared"
    """Rows of a person's own split have near-duplicates in another split."""
    PARTS_LEFT_OUT = "parts left out"
    """Rows whose part has none of the usual names of a split are not used."""
    SPLIT_DRAWN = "split drawn"
    """A person's own split lacks dev or audit, which was drawn from the training rows."""
    CLASSES_SCARCE = "classes scarce"
    """Some classes have fewer than `FEW_TEXTS` training texts."""
    CLASSES_ALIKE = "classes alike"
    """The names of some classes differ only in case and spaces."""
    CONTRADICTING = "contradicting"
    """Rows with the same text have different labels."""


@dataclass(frozen=True, slots=True)
class DataWarning:
    """A flaw as a code with numbers; `bort.report.data` puts it into words.

    Attributes:
        rows: how many are affected; None if the flaw is not about rows.
        split: the affected split; None if all are.
        classes: the affected classes, or parts of a person's own split.
    """

    code: DataFlaw
    rows: int | None = None
    split: str | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A text-classification task.

    Attributes:
        name: the name, path or `hub:ID` that loads it again.
        title: one line for people.
        class_names: what each label number means.
        train: models are fitted on it.
        dev: the search evaluates on it.
        audit: no choice depends on it, so accuracy measured on it is honest.
        pool: training texts whose labels are hidden; None if all are labelled.
        report: how many rows were used and left out.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    train: Split
    dev: Split
    audit: Split
    pool: Split | None
    report: TaskReport

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """What makes results on this task misleading."""
        templated = self.report.rows.templated
        found = [DataWarning(DataFlaw.TEMPLATED, rows=templated)] if templated else []
        for split, classes in self.report.classes_absent.items():
            found.append(DataWarning(DataFlaw.CLASSES_ABSENT, split=split, classes=tuple(classes)))
        for split, rows in self.report.shared_with_other_split.items():
            found.append(DataWarning(DataFlaw.SHARED, rows=rows, split=split))
        if parts := self.report.rows.other_parts:
            found.append(
                DataWarning(DataFlaw.PARTS_LEFT_OUT, rows=sum(parts.values()), classes=tuple(parts))
            )
        found += [DataWarning(DataFlaw.SPLIT_DRAWN, split=split) for split in self.report.drawn]
        if scarce := self.report.scarce:
            found.append(DataWarning(DataFlaw.CLASSES_SCARCE, classes=tuple(scarce)))
        if alike := _alike(self.class_names):
            found.append(DataWarning(DataFlaw.CLASSES_ALIKE, classes=alike))
        if contradicting := self.report.rows.contradicting:
            found.append(DataWarning(DataFlaw.CONTRADICTING, rows=contradicting))
        return tuple(found)

    @property
    def digest(self) -> str:
        """SHA-256 of class names, texts, labels and splits; ignores name, title and report.

        Cost: linear in the characters; 20 ms for the 10,568 movie-review sentences.
        """
        return self._digest((self.train, self.dev, self.audit, self.pool))

    @property
    def training_digest(self) -> str:
        """SHA-256 of class names and training split: all that a fitted classifier depends on."""
        return self._digest((self.train,))

    @property
    def dev_digest(self) -> str:
        """SHA-256 of class names and dev split."""
        return self._digest((self.dev,))

    def _digest(self, splits: Sequence[Split | None]) -> str:
        digest = hashlib.sha256()
        _feed(digest, self.class_names)
        for split in splits:
            if split is None:
                _feed(digest, None)
                continue
            _feed(digest, split.texts)
            _feed(digest, split.pairs)
            digest.update(split.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def _alike(class_names: Sequence[str]) -> tuple[str, ...]:
    """List the classes whose names another one has too, but for case and spaces."""
    counts = Counter(map(folded, class_names))
    alike = [name for name in class_names if counts[folded(name)] > 1]
    return tuple(sorted(alike, key=folded))


def _feed(digest: "hashlib._Hash", texts: tuple[str, ...] | None) -> None:
    # Lengths come first, so two different sequences never feed the same bytes.
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts or ()]
    lengths = [-1 if texts is None else len(encoded), *map(len, encoded)]
    digest.update(np.array(lengths, dtype="<i8").tobytes())
    digest.update(b"".join(encoded))


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """Facts about a named task, available without loading its texts.

    Attributes:
        name: the name to give to `--task`.
        title: one line for people.
        prepared: whether it is in the cache.
        rows: number of texts.
        dropped: number of rows left out, by reason.
        class_names: what each label number means.
        splits: sizes of "train", "dev" and "audit" with seed 0; None until prepared.
        documents: number of documents that the texts were cut from; None if they were not.
        provenance: where the texts come from and who owns them.
    """

    name: str
    title: str
    prepared: bool
    rows: int
    dropped: Mapping[str, int]
    class_names: tuple[str, ...]
    splits: Mapping[str, int] | None
    documents: int | None
    provenance: str
