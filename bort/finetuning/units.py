"""What is trained, in which order: one unit is one stage of one student."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bort.core.architecture import Architecture
from bort.finetuning.classroom import Classroom
from bort.finetuning.stage import result_of
from bort.training.attempts import default_learning_rate

AGORA = "agora"  # its rounds are the stages agora1, agora2, ...
DISTILLED_RATE = 0.1  # of the search's rule, at which distilled weights lose: docs/models.md


@dataclass(frozen=True)
class Unit:
    """One stage of one student.

    Attributes:
        stage: "distil", "finetune", "agora1", "agora2", ..., or "plain", a fine-tuning from
            random weights on the true labels.
        architecture: of the student.
        seed: of its first weights and order.
        learning_rate: at its highest.
        begins_with: folder of the finished stage whose weights it begins with; None begins fresh.
    """

    stage: str
    architecture: Architecture
    seed: int
    learning_rate: float
    begins_with: Path | None = None

    @property
    def name(self) -> str:
        """Short and unique within a task: part of a folder's and a curve's name."""
        return f"{self.architecture.id}/{self.stage}-seed{self.seed}-lr{self.learning_rate:.3g}"

    @property
    def is_agora(self) -> bool:
        """It is a round of Agora."""
        return self.stage.startswith(AGORA)


@dataclass(frozen=True)
class Finished:
    """A unit that is over, the folder of its weights, and the units that came before."""

    unit: Unit
    folder: Path
    before: "tuple[Finished, ...]" = ()

    @property
    def stages(self) -> "tuple[Finished, ...]":
        """All stages of this student, in their order."""
        return (*self.before, self)


def units_of(
    room: Classroom, architecture: Architecture, train: Callable[[Unit], Path]
) -> list[Finished]:
    """Train an architecture with every seed; distilled once, with the first, for all of them.

    Args:
        train: trains a unit to its end and returns its folder.
    Returns:
        One per seed; one in all where the recipe only distils.
    """
    recipe, first = room.spec.recipe, room.spec.seed
    base: tuple[Finished, ...] = ()
    if "distil" in recipe.stages:
        unit = Unit("distil", architecture, first, rate_of(room, architecture, "distil"))
        base = (Finished(unit, train(unit)),)
    if "finetune" not in recipe.stages:
        return [_with_agora(room, base, architecture, first, train)]

    def finetuned(seed: int, rate: float) -> Finished:
        begins = base[-1].folder if base else None
        unit = Unit("finetune", architecture, seed, rate, begins)
        return Finished(unit, train(unit), base)

    rates = recipe.learning_rates or (rate_of(room, architecture, "finetune"),)
    tried = [finetuned(first, rate) for rate in rates]
    best = min(range(len(tried)), key=lambda i: result_of(tried[i].folder).dev_error)
    others = range(first + 1, first + room.spec.seeds)
    tuned = [tried[best], *(finetuned(seed, rates[best]) for seed in others)]
    return [_with_agora(room, done.stages, architecture, done.unit.seed, train) for done in tuned]


def _with_agora(
    room: Classroom,
    before: tuple[Finished, ...],
    architecture: Architecture,
    seed: int,
    train: Callable[[Unit], Path],
) -> Finished:
    """The student after all rounds of Agora; as it is where the recipe has none."""
    rounds = room.spec.recipe.agora_rounds if AGORA in room.spec.recipe.stages else 0
    for number in range(1, rounds + 1):
        begins = before[-1].folder if before else None
        rate = rate_of(room, architecture, AGORA)
        unit = Unit(f"{AGORA}{number}", architecture, seed, rate, begins)
        before = (*before, Finished(unit, train(unit), before))
    last = before[-1]
    return Finished(last.unit, last.folder, before[:-1])


def plain_unit(room: Classroom, architecture: Architecture) -> Unit:
    """The same architecture from random weights, on the true labels alone."""
    rate = rate_of(room, architecture, "plain")
    return Unit("plain", architecture, room.spec.seed, rate)


def rate_of(room: Classroom, architecture: Architecture, stage: str) -> float:
    """The learning rate of a stage where none is asked for."""
    initialise = "scratch" if stage == "plain" else room.spec.training.initialise
    rate = default_learning_rate(architecture.as_dict(), initialise)
    if stage == "distil":
        return room.spec.recipe.distil_learning_rate or rate
    is_distilled = stage != "plain" and "distil" in room.spec.recipe.stages
    return rate * DISTILLED_RATE if is_distilled or stage.startswith(AGORA) else rate


def steps_of(room: Classroom, stage: str) -> int:
    """Optimiser steps of a stage."""
    recipe = room.spec.recipe
    if stage.startswith(AGORA):
        return max(1, steps_of(room, "finetune") // 2)
    given, epochs = (
        (recipe.distil_steps, recipe.distil_epochs)
        if stage == "distil"
        else (recipe.steps, recipe.epochs)
    )
    return given or max(1, round(epochs * _texts(room, stage) / recipe.batch_size))


def _texts(room: Classroom, stage: str) -> int:
    takes_all = stage == "distil" or (room.spec.recipe.texts == "all" and stage != "plain")
    pool = len(room.encoded.splits["pool"]) if "pool" in room.encoded.splits else 0
    return len(room.task.train) + (pool if takes_all else 0)


def planned_steps(room: Classroom) -> int:
    """Steps of all units of one architecture, if none ends early."""
    recipe = room.spec.recipe
    steps = steps_of(room, "plain") if room.spec.compare else 0
    if "distil" in recipe.stages:
        steps += steps_of(room, "distil")
    if "finetune" in recipe.stages:
        trainings = max(1, len(recipe.learning_rates)) + room.spec.seeds - 1
        steps += steps_of(room, "finetune") * trainings
    if AGORA in recipe.stages:
        students = room.spec.seeds if "finetune" in recipe.stages else 1
        steps += students * recipe.agora_rounds * steps_of(room, AGORA)
    return steps
