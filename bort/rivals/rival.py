"""What rivals are made from, and what they give: files to deploy, and how they were chosen."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.files import save_arrays
from bort.core.machine import usable_cores
from bort.core.origin import Origin
from bort.core.scratch import scratch
from bort.latency.classifiers import Classify
from bort.latency.workload import Text
from bort.rivals.opening import REGRESSION
from bort.tasks import Split, Task
from bort.training.metrics import macro_f1
from bort.training.origin import origin_here
from bort.training.regression import fit_logistic
from bort.training.teacher import TeacherContext

RECIPE = 2  # part of the names in the cache; raise it when all rivals are made in another way
COSTS = (1.0, 4.0, 16.0)  # inverse regularisations to choose from on dev


@dataclass(frozen=True)
class Making:
    """What rivals are made from.

    Attributes:
        context: the task, its tokens, the source network, progress and the question when to stop.
        shared: a folder for what several tasks share.
    """

    context: TeacherContext
    shared: Path

    @property
    def task(self) -> Task:
        """The task; rivals are fitted on train and chosen on dev."""
        return self.context.task

    def origin(self, threads: int | None) -> Origin:
        """Return what making a rival depends on."""
        context = self.context
        threads = threads or usable_cores()
        return origin_here(self.task, context.source, context.device, threads)

    def key(self, what: str) -> str:
        """Make the part of a name in the cache that tells task, source network and recipe apart."""
        context = self.context
        told = [RECIPE, what, self.task.digest, context.source.digest, context.encoded.max_length]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _nothing(_: Making) -> float:
    return 0.0


@dataclass(frozen=True)
class Method:
    """How a kind of rival is made.

    Attributes:
        make: writes all that is needed to classify into a new folder, and returns what was chosen
            on dev.
        prepare: makes what several rivals or tasks share, unless it is in the cache; returns the
            seconds that it took when it was made, which count for each of them.
        recipe: part of the name in the cache; change it when this kind is made in another way.
    """

    make: Callable[[Making, Path], Mapping[str, Any]]
    prepare: Callable[[Making], float] = _nothing
    recipe: str = ""


def texts_of(split: Split) -> list[Text]:
    """Return the texts of a split; pairs as tuples."""
    if split.pairs is None:
        return list(split.texts)
    return list(zip(split.texts, split.pairs, strict=True))


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that appears only when the block has ended well; what was there is replaced."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch(folder.parent, folder.name) as part:
        yield part
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def size_of(folder: Path) -> int:
    """Sum the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def dev_error(classify: Classify, task: Task) -> float:
    """Compute the share of wrong answers on dev."""
    return float(np.mean(classify(texts_of(task.dev)) != task.dev.labels))


def fit_regression(
    vectors: Mapping[str, NDArray[np.float32]], making: Making, folder: Path
) -> dict[str, Any]:
    """Fit logistic regression on train, choose its regularisation on dev, and write it.

    Args:
        vectors: of the splits train and dev, shape (n, width).
    Raises:
        TrainingStoppedError: the user stopped it.
    """
    task, should_stop = making.task, making.context.should_stop
    models = {
        cost: fit_logistic(
            vectors["train"], task.train.labels, c=cost, iterations=500, should_stop=should_stop
        )
        for cost in COSTS
    }
    wrong = {
        c: float(np.mean(m.predict(vectors["dev"]) != task.dev.labels)) for c, m in models.items()
    }
    cost = min(wrong, key=wrong.__getitem__)
    model = models[cost]
    save_arrays(
        folder / REGRESSION,
        {
            "rows": model.coef_.astype(np.float32),
            "offsets": model.intercept_.astype(np.float32),
            "classes": model.classes_.astype(np.int64),
        },
    )
    return {"regularisation": cost}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A classifier's answers to a split, judged.

    Attributes:
        right: by text, shape (n,).
    """

    accuracy: float
    macro_f1: float
    right: NDArray[np.bool_]


def judge(classify: Classify, split: Split, classes: int) -> Judged:
    """Classify all texts of a split and compare with the labels."""
    found = classify(texts_of(split))
    return Judged(
        accuracy=float(np.mean(found == split.labels)),
        macro_f1=macro_f1(split.labels, found, classes=classes),
        right=found == split.labels,
    )
