"""Record what the lesson "From a point to a model" shows of inheritance, with the search's parts.

No teacher is trained: the donor is the source network as published, and students learn true labels.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.paths import examples
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.study import Initialise, TaskSpec
from bort.families import FamilySpace, load_space
from bort.latency.profile import read_profile
from bort.tasks import Task, load_task
from bort.training.attempts import default_learning_rate
from bort.training.candidate import build_candidate
from bort.training.donor import Donor, Donors
from bort.training.execution import training_threads
from bort.training.inheritance import head_choice, layer_choice
from bort.training.loop import Examples, TrainingSettings, predict, train
from bort.training.metrics import majority_error
from bort.training.probabilities import one_hot
from bort.training.source import SourceNetwork, source_network
from bort.training.tokens import EncodedTask, encode_task

ROOT = Path(__file__).parents[2]
TASK, SPACE = "movie-reviews", "minilm"
STUDENTS = ("1-2-96-192", "2-12-192-768")
FIRST_WEIGHTS: tuple[Initialise, ...] = ("scratch", "inherit")
STEPS, EVERY, BATCH = 200, 20, 32
SEED = 0
NEURONS_EVERY = 24


@dataclass(frozen=True, eq=False)
class Lab:
    """A task in the source network's tokens, and the network to inherit from."""

    task: Task
    space: FamilySpace
    source: SourceNetwork
    encoded: EncodedTask
    donor: Donor


def lab(task: str = TASK, space: str = SPACE, network: str | None = None) -> Lab:
    """Read the task and the source network, and observe its states on training texts."""
    loaded, source = load_task(TaskSpec(task=task)), source_network(network)
    encoded = encode_task(
        loaded,
        source.folder,
        digest=source.digest,
        max_length=None,
        longest=source.config["max_position_embeddings"],
    )
    donors = Donors(source.encoder_weights(), source.config)
    return Lab(loaded, load_space(space).parts[0], source, encoded, donors.over(encoded))


def record(*, steps: int = STEPS, on_step: OnStep = ignore) -> dict[str, Any]:
    """Describe what each size keeps, and train each student from random and inherited weights.

    Cost: four short trainings with their evaluations: a minute on one thread.
    """
    with training_threads(1):
        on_step(Progress(stage=Stage.READING_TEXTS))
        found = lab()
        task = found.task
        return {
            "task": task.name,
            "source": found.source.name,
            "steps": steps,
            "every": EVERY,
            "batch": BATCH,
            "train": len(task.train),
            "dev": len(task.dev),
            "majority_error": majority_error(task.dev.labels, classes=len(task.class_names)),
            "inheritance": inheritance(found.donor, found.space),
            "curves": list(_curves(found, steps, on_step)),
            "answers": answers(),
            "latencies": latencies(),
            "seeds": seeds(),
        }


def inheritance(donor: Donor, space: FamilySpace) -> dict[str, Any]:
    """Describe what each size keeps of the donor.

    Returns:
        `stream`: share of the mean square of the residual stream that the first 0, 1, 2, ...
        principal axes keep. `neurons`: for each layer, the share of all neurons' importance that
        the most important 0, 24, 48, ... keep. `layers` and `head_groups`: which of the donor's
        layers and heads each depth and number of heads takes.
    """
    squares = np.linalg.eigvalsh(donor.moment.numpy().astype(np.float64))[::-1]
    depths, heads = space.dimensions["depth"], space.dimensions["heads"]
    return {
        "depth": len(donor.layers),
        "heads": donor.heads,
        "hidden": donor.hidden,
        "intermediate": len(donor.layers[0].neuron_importance),
        "stream": _kept(squares),
        "every": NEURONS_EVERY,
        "neurons": [
            _kept(np.sort(layer.neuron_importance.numpy())[::-1])[::NEURONS_EVERY]
            for layer in donor.layers
        ],
        "layers": {str(d): layer_choice(d, len(donor.layers)) for d in depths},
        "head_groups": {str(h): [own for own, _ in head_choice(h, donor.heads)] for h in heads},
        "sizes": {name: list(values) for name, values in space.dimensions.items()},
    }


def _kept(values: NDArray[np.floating[Any]]) -> list[float]:
    """The share of the sum that the first 0, 1, 2, ... values have."""
    sums = np.cumsum(values, dtype=np.float64)
    return [0.0, *(sums / sums[-1]).round(5).tolist()]


def _curves(found: Lab, steps: int, on_step: OnStep) -> Iterator[dict[str, Any]]:
    arms = list(product(STUDENTS, FIRST_WEIGHTS))
    for done, (student, first) in enumerate(arms):
        on_step(Progress(done, len(arms), Stage.TRAINING_CANDIDATES, student))
        wrong = curve(found, found.space.named(student), first, steps=steps)
        yield {"student": student, "first": first, "wrong": wrong}


def curve(found: Lab, architecture: Architecture, first: Initialise, *, steps: int) -> list[int]:
    """Train as a search does, on true labels; count the wrong dev texts at 0, 20, 40, ... steps."""
    task, encoded = found.task, found.encoded
    classes = len(task.class_names)
    model = build_candidate(
        found.space,
        architecture,
        encoded,
        classes=classes,
        initialise=first,
        donor=found.donor,
        seed=SEED,
    ).model
    settings = TrainingSettings(
        steps=steps,
        batch_size=BATCH,
        learning_rate=default_learning_rate(architecture.as_dict(), first),
        seed=SEED,
    )
    targets = one_hot(task.train.labels, classes)
    examples = Examples(encoded.splits["train"], targets, encoded.padding)

    def wrong() -> int:
        logits = predict(model, encoded.splits["dev"], padding=encoded.padding)
        return int(np.count_nonzero(logits.argmax(1) != task.dev.labels))

    counted = [wrong()]
    for step in train(model, examples, settings):
        if step.step % EVERY == 0:
            counted.append(wrong())
    return counted


def answers() -> list[dict[str, Any]]:
    """Mean dev errors of `bort bench training` by first weights and by what is learned."""
    from benchmarks.training.rows import Setting, read_runs

    runs = read_runs(ROOT / "docs" / "bench", Setting(steps=STEPS, batch_size=BATCH, threads=2))
    found = []
    for student in dict.fromkeys(run.architecture for run in runs):
        own = [run for run in runs if run.architecture == student]
        found.append(
            {
                "student": student,
                "seeds": len(own),
                "labels": fmean(run.our_error for run in own),
                "teacher": fmean(run.scratch_error for run in own),
                "inherited": fmean(run.inherited_error for run in own),
            }
        )
    return found


def latencies() -> dict[str, Any]:
    """Predicted and measured latency of the architectures that the model was not fitted on."""
    profile = read_profile(examples() / "profiles" / "minilm-torch-float32-32.json")
    predicted = profile.predicted_ms()
    assert predicted is not None
    pairs = [
        {"id": one.id, "predicted": round(float(ms), 4), "realised": one.latency.median_ms}
        for one, ms in zip(profile.measurements, predicted, strict=True)
        if not one.fitted
    ]
    return {"band": profile.band, "fitted": len(profile.measurements) - len(pairs), "pairs": pairs}


def seeds() -> list[dict[str, Any]]:
    """The error of each recorded architecture with the first seed, and its mean with the others."""
    with (examples() / "movie-reviews-minilm-96.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "id": "-".join(row[name] for name in ("depth", "heads", "hidden", "intermediate")),
            "predicted": float(row["error_seed0"]),
            "realised": round((float(row["error_seed1"]) + float(row["error_seed2"])) / 2, 6),
            "se": float(row["error_se"]),
        }
        for row in rows
    ]
