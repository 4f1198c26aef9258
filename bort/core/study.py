"""The frozen description of a study: what was asked, in values that survive JSON.

Standard library only, so that a page, the command line, the store and a test can all use it.
Every mistake is found here, once: the command line prints the message, the dashboard shows it
beside the field that `InvalidFieldError.field` names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import PurePath
from typing import Any, Literal, Self, get_args

from bort.core.errors import InvalidFieldError
from bort.core.question import Question, is_number

Initialise = Literal["inherit", "scratch"]
Device = Literal["auto", "cpu", "cuda", "mps"]

INITIALISATIONS: tuple[str, ...] = get_args(Initialise)
DEVICES: tuple[str, ...] = get_args(Device)

LARGEST_SEED = 2**31 - 1  # what every random generator we use accepts
MOST_TEXTS = 4096  # per forward pass: what memory holds

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
            if not (is_number(rate) and 0 < rate < 1):
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
    """The question that the search answers, and what it may spend on it.

    Attributes:
        question: goal, ε, weights and assumptions.
        budget: evaluations at most; None is no limit.
        minutes: minutes at most; None is no limit.
        audit: architectures that an audit trains at random once the search has ended; None: none.
        include: ids of architectures that are evaluated first, whatever the search would choose.
        seed: seed of the search and of every training.
    """

    question: Question = field(default_factory=Question)
    budget: int | None = None
    minutes: float | None = None
    audit: int | None = None
    include: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("budget", "audit"):
            if getattr(self, name) is not None:
                _positive(name, getattr(self, name))
        if self.budget is not None and len(self.include) > self.budget:
            raise InvalidFieldError(
                "include",
                f"{len(self.include)} architectures are to be included and {self.budget} "
                "evaluated at most; raise the budget",
            )
        if self.minutes is not None and not (is_number(self.minutes) and self.minutes > 0):
            raise InvalidFieldError(
                "minutes", f"minutes must be more than 0, got {self.minutes!r}; try 10"
            )
        if type(self.seed) is not int or not 0 <= self.seed <= LARGEST_SEED:
            raise InvalidFieldError(
                "seed", f"a seed is a whole number of 0 to {LARGEST_SEED}, got {self.seed!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the question's keys stand beside the others."""
        values = asdict(self)
        question = values.pop("question")
        question["goal"] = str(question["goal"])
        if question["nugget"] is None:  # no option asks for it
            del question["nugget"]
        return {**question, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SearchSpec":
        """Inverse of `to_dict`."""
        question, spent = ({f.name for f in fields(kind)} for kind in (Question, cls))
        given = {name: _tupled(value) for name, value in values.items()}
        return cls(
            question=Question(**{k: v for k, v in given.items() if k in question}),
            **{k: v for k, v in given.items() if k in spent - {"question"}},
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

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "search": self.search.to_dict()}

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
