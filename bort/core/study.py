"""The frozen description of a study: what was asked, in values that survive JSON.

Standard library only, so that a page, the command line, the store and a test can all use it.
Every mistake is found here, once: the command line prints the message, the dashboard shows it
beside the field that `InvalidFieldError.field` names.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import PurePath
from typing import Any, Literal, Self, get_args

from bort.core.errors import InvalidFieldError

Goal = Literal["cover", "best", "paper", "exhaustive"]
Initialise = Literal["inherit", "scratch"]
Device = Literal["auto", "cpu", "cuda", "mps"]

GOALS: tuple[str, ...] = get_args(Goal)
INITIALISATIONS: tuple[str, ...] = get_args(Initialise)
DEVICES: tuple[str, ...] = get_args(Device)

LARGEST_SEED = 2**31 - 1  # what every random generator we use accepts
EPSILONS = (1e-6, 1e6)  # beyond these ln(1+ε) is lost in rounding
MOST_TEXTS = 4096  # per forward pass: what memory holds
MOST_WEIGHT = 50  # an error of 1/(2n) to this power is still a number

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class _Description:
    """JSON round trip for the frozen dataclasses below: nested descriptions become objects."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{k: _tupled(v) for k, v in values.items() if k in known})


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec(_Description):
    """A text-classification task: a named one, a file, or `hub:ID` for `datasets.load_dataset`.

    Attributes:
        task: name, path or `hub:ID[:CONFIG]`.
        text: one or two text columns (files and hub sets only).
        label: label column (files and hub sets only).
        labelled: keep this many labelled training texts, the rest is an unlabelled pool;
            None keeps all.
        seed: seed of the splits and of the choice of labelled texts.
    """

    task: str = "movie-reviews"
    text: tuple[str, ...] = ("text",)
    label: str = "label"
    labelled: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.task.strip():
            raise InvalidFieldError("task", "the task is empty; name a task or a data file")
        if not 1 <= len(self.text) <= 2:
            raise InvalidFieldError(
                "text", f"a task has one or two text columns, got {len(self.text)}"
            )
        if self.labelled is not None:
            _positive("labelled", self.labelled)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec(_Description):
    """How each candidate is trained: the `s`, Θ and seeds of the error oracle.

    Attributes:
        steps: optimiser steps per candidate, the paper's s.
        batch_size: examples per step.
        learning_rates: Θ; the lowest dev error over the set counts. Empty: chosen by width.
        seeds: trainings per candidate, their mean error counts.
        initialise: "inherit" from the source network where shapes allow, or from "scratch".
        source: folder or hub id of the source network; None is all-MiniLM-L6-v2.
        teacher: folder or hub id of a fine-tuned classifier; None fine-tunes the source.
        max_length: tokens per text; None is the data's 95th percentile.
        device: training only; latency stays on the CPU.
        threads: CPU threads; None is all cores. Fixed, or errors differ in the last digits.
    """

    steps: int = 200
    batch_size: int = 32
    learning_rates: tuple[float, ...] = ()
    seeds: int = 1
    initialise: Initialise = "inherit"
    source: str | None = None
    teacher: str | None = None
    max_length: int | None = None
    device: Device = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        for name in ("steps", "seeds"):
            _positive(name, getattr(self, name))
        for name in ("max_length", "threads"):
            if getattr(self, name) is not None:
                _positive(name, getattr(self, name))
        for rate in self.learning_rates:
            if not (_is_number(rate) and 0 < rate < 1):
                raise InvalidFieldError(
                    "learning_rates", f"a learning rate must lie between 0 and 1, got {rate!r}"
                )
        _one_of("initialise", self.initialise, INITIALISATIONS)
        _one_of("device", self.device, DEVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySpec(_Description):
    """Which latency is the second objective.

    Attributes:
        runtime: what the user will deploy, for example "torch-float32".
        batch_size: texts per forward pass.
        sequence_length: tokens per text.
        threads: CPU threads of the runtime; None is all cores.
        profile: name of a stored profile to use; None measures this machine once and stores it.
    """

    runtime: str = "torch-float32"
    batch_size: int = 1
    sequence_length: int = 32
    threads: int | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        _positive("sequence_length", self.sequence_length)
        if self.threads is not None:
            _positive("threads", self.threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpec(_Description):
    """What the search shall certify, and what it may spend.

    Attributes:
        goal: "cover" every architecture within 1+ε, find the "best" W within 1-ε, or the
            "paper" and "exhaustive" modes, which evaluate everything.
        epsilon: ε > 0.
        weights: cost weights of size, latency and error, each >= 0, not all 0.
        budget: evaluations at most; None is no limit.
        minutes: minutes at most; None is no limit.
        lipschitz: λ, one number for all dimensions or one per dimension; None estimates it.
        slack: σ >= 0 switches monotone bounds on; None leaves them off.
        confidence: None speaks of this dev set; 0..1 of the population, at this confidence.
        audit: architectures that an audit trains at random once the search has ended; None: none.
        include: ids of architectures that are evaluated first, whatever the search would choose.
        seed: seed of the search and of every training.
    """

    goal: Goal = "cover"
    epsilon: float = 0.25
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    budget: int | None = None
    minutes: float | None = None
    lipschitz: float | Mapping[str, float] | None = None
    slack: float | None = None
    confidence: float | None = None
    audit: int | None = None
    include: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("goal", self.goal, GOALS)
        check_epsilon(self.epsilon)
        check_weights(self.weights)
        for name in ("budget", "audit"):
            if getattr(self, name) is not None:
                _positive(name, getattr(self, name))
        if self.budget is not None and len(self.include) > self.budget:
            raise InvalidFieldError(
                "include",
                f"{len(self.include)} architectures are to be included and {self.budget} "
                "evaluated at most; raise the budget",
            )
        if self.minutes is not None and not (_is_number(self.minutes) and self.minutes > 0):
            raise InvalidFieldError(
                "minutes", f"minutes must be more than 0, got {self.minutes!r}; try 10"
            )
        lipschitz = self.lipschitz
        given = lipschitz.values() if isinstance(lipschitz, Mapping) else [lipschitz]
        for value in given:
            if value is not None and not (_is_number(value) and value >= 0):
                raise InvalidFieldError(
                    "lipschitz", f"λ must be 0 or more, got {value!r}; try 0.2, or leave it out"
                )
        if self.slack is not None and not (_is_number(self.slack) and self.slack >= 0):
            raise InvalidFieldError(
                "slack", f"σ must be 0 or more, got {self.slack!r}; leave it out to switch it off"
            )
        if self.confidence is not None and not (
            _is_number(self.confidence) and 0 < self.confidence < 1
        ):
            raise InvalidFieldError(
                "confidence",
                f"confidence must lie between 0 and 1, got {self.confidence!r}; try 0.95",
            )
        if type(self.seed) is not int or not 0 <= self.seed <= LARGEST_SEED:
            raise InvalidFieldError(
                "seed", f"a seed is a whole number of 0 to {LARGEST_SEED}, got {self.seed!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec(_Description):
    """Everything that defines a study. Same spec, same machine, same answer.

    Attributes:
        name: letters, digits, dot, dash, underscore.
        space: the space as `SearchSpace.to_dict()` gives it, so that a study outlives its file.
    """

    name: str
    space: Mapping[str, Any]
    task: TaskSpec = field(default_factory=TaskSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    latency: LatencySpec = field(default_factory=LatencySpec)
    search: SearchSpec = field(default_factory=SearchSpec)

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "StudySpec":
        """Inverse of `to_dict`."""
        return cls(
            name=values["name"],
            space=values["space"],
            task=TaskSpec.from_dict(values["task"]),
            training=TrainingSpec.from_dict(values["training"]),
            latency=LatencySpec.from_dict(values["latency"]),
            search=SearchSpec.from_dict(values["search"]),
        )


def check_name(name: str) -> str:
    """Return `name` if it can name a study; it becomes part of file names."""
    if not _NAME.fullmatch(name):
        raise InvalidFieldError(
            "name",
            f"{name!r} cannot name a study; use letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit, 80 at most",
        )
    return name


def suggest_name(task: str, space: str) -> str:
    """A name for a study of this task (a name, file or `hub:ID`) and this space.

    Examples:
        >>> suggest_name("data/my reviews.csv", "minilm")
        'my-reviews-minilm'
    """
    stem = PurePath(task.replace(":", "-").replace("\\", "/")).stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{stem}-{space}").strip("-._")
    return check_name(name[:80].rstrip("-._"))


def check_epsilon(epsilon: float) -> float:
    """Return `epsilon` if it lies in `EPSILONS`."""
    least, most = EPSILONS
    if not _is_number(epsilon) or epsilon <= 0:
        raise InvalidFieldError(
            "epsilon", f"epsilon must be a number above 0, got {epsilon!r}; try 0.1 or 0.25"
        )
    if not least <= epsilon <= most:
        raise InvalidFieldError(
            "epsilon",
            f"epsilon must lie between {least:g} and {most:,.0f}, got {epsilon!r}; try 0.1 or 0.25",
        )
    return epsilon


def check_weights(weights: Sequence[float]) -> tuple[float, float, float]:
    """Return `weights` as a triple (size, latency, error) if they can weigh."""
    if len(weights) != 3:
        raise InvalidFieldError(
            "weights",
            f"three weights are needed (size, latency, error), got {len(weights)}; try 1,1,1",
        )
    for weight in weights:
        if not _is_number(weight) or not 0 <= weight <= MOST_WEIGHT:
            raise InvalidFieldError(
                "weights",
                f"a weight must be a number of 0 or more, {MOST_WEIGHT:g} at most, got {weight!r}; "
                "which is best depends on their proportions alone, try 1,1,1",
            )
    if not any(weights):
        raise InvalidFieldError("weights", "all three weights are 0; one must be more, try 1,1,1")
    size, latency, error = weights
    return float(size), float(latency), float(error)


def check_audit(count: int, space_size: int) -> int:
    """Return `count` if so many architectures can be left to audit in a space."""
    if not 1 <= count < space_size:
        raise InvalidFieldError(
            "audit",
            f"an audit trains 1 to {space_size - 1} of {space_size} architectures, of which some "
            f"are evaluated already, got {count}",
        )
    return count


def check_batch_size(size: int) -> None:
    """Pass if so many texts can be in one batch."""
    _positive("batch_size", size)
    if size > MOST_TEXTS:
        raise InvalidFieldError(
            "batch_size", f"a pass of {size:,} texts is more than {MOST_TEXTS:,}; choose fewer"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _positive(name: str, value: object) -> None:
    if type(value) is not int or value < 1:
        raise InvalidFieldError(
            name, f"{name.replace('_', ' ')} must be a whole number of 1 or more, got {value!r}"
        )


def _one_of(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidFieldError(
            name, f"unknown {name} {value!r}; choose one of {', '.join(choices)}"
        )
