"""The frozen description of a study: its task, training, latency and search.

Every mistake is found here, once, and shown next to the field that `InvalidFieldError.field` names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, Self, get_args

from bort.core.errors import InvalidFieldError
from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Choice, Conditions, Flag, Number, Several, Text, Whole
from bort.core.question import Question
from bort.core.serialise import from_json, to_json
from bort.core.size import SizeSpec

Initialise = Literal["inherit", "scratch"]
Device = Literal["auto", "cpu", "cuda", "mps"]

INITIALISATIONS: tuple[str, ...] = get_args(Initialise)
DEVICES: tuple[str, ...] = get_args(Device)

LARGEST_SEED = 2**31 - 1  # what every random generator we use accepts
MOST_AT_ONCE = 64
MOST_TEXTS = 4096  # per forward pass; more would not fit into memory
SPACE = "small"  # the space that is used unless another is named

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

SEED = Whole(0, LARGEST_SEED)
TEXTS_PER_STEP = Whole(1, MOST_TEXTS, step=8)
RATE = Number(0, 1, is_open=True)
MINUTES = Number(0, is_open=True, step=5, metavar="M")
LEARNING_RATES = Several(RATE, "numbers between 0 and 1, separated by commas")
FOLDER = Text("FOLDER|ID", "a folder or hub id")
COLUMN = Text("COLUMN", "the name of a column")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec(Description):
    """A text-classification task: a named one, a file, or `hub:ID` for `datasets.load_dataset`.

    Attributes:
        seed: seed of the splits and of the choice of labelled texts.
    """

    task: str = ask(
        "movie-reviews",
        Text("NAME|FILE|hub:ID", "the name of a task or a data file"),
        "Task",
        "A named task, a CSV, TSV, JSONL or Parquet file, or hub:ID for a data set on the hub.",
    )
    text: tuple[str, ...] = ask(
        ("text",),
        Several(COLUMN, "the names of one or two columns", least=1, most=2),
        "Text column, or two separated by a comma",
        "Column with the texts; two columns give pairs of texts. For files and hub data sets.",
    )
    label: str = ask(
        "label", COLUMN, "Label column", "Column with the labels. For files and hub data sets."
    )
    split_column: str | None = ask(
        None,
        COLUMN,
        "Split column",
        "Column that names the split of each row: train, dev or validation, test or audit. For "
        "files.",
        empty="divide the rows 70/15/15",
        advanced=True,
    )
    where: tuple[str, ...] = ask(
        (),
        Conditions(),
        "Rows",
        "Use only the rows that meet these conditions, part=train,part=val or lang!=de. Of several "
        "values for one column, any will do. For files.",
        empty="all",
        example="part=train",
        advanced=True,
    )
    labelled: int | None = ask(
        None,
        Whole(step=100),
        "Labelled training texts",
        "Keep this many labelled training texts and treat the others as unlabelled.",
        empty="all",
    )
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec(Description):
    """The training of each candidate: the paper's s and Θ, and the seeds of the error oracle."""

    steps: int | None = ask(
        None,
        Whole(step=50),
        "Steps per candidate",
        "Training steps per candidate, the paper's s.",
        empty="by texts and classes",
    )
    batch_size: int = ask(32, TEXTS_PER_STEP, "Texts per step", "Texts per step.")
    seeds: int = ask(
        1,
        Whole(),
        "Seeds per candidate",
        "Train each candidate with this many seeds and use the mean error.",
    )
    learning_rates: tuple[float, ...] = ask(
        (),
        LEARNING_RATES,
        "Learning rates, Θ",
        "Try each of these learning rates, Θ, and keep the one with the lowest dev error.",
        empty="one, chosen by width",
        example="3e-4,1e-3",
        advanced=True,
    )
    initialise: Initialise = ask(
        "inherit",
        Choice(INITIALISATIONS),
        "Start from",
        "Inherit weights from the source network where shapes allow, or train from scratch.",
        advanced=True,
    )
    source: str | None = ask(
        None,
        FOLDER,
        "Source network",
        "Network to inherit from: a local folder or a hub id.",
        empty="all-MiniLM-L6-v2",
        advanced=True,
    )
    teacher: str | None = ask(
        None,
        Text("FOLDER|ID|FILE", "a folder, a hub id or a file"),
        "Teacher",
        "Classifier to learn from: a folder, a hub id, or a Parquet, CSV, TSV or JSONL file of "
        "soft labels, with a probability per class.",
        empty="the source, fine-tuned",
        advanced=True,
    )
    max_length: int | None = ask(
        None,
        Whole(step=16, metavar="TOKENS"),
        "Tokens per text",
        "Cut texts after this many tokens.",
        empty="95th percentile of the lengths",
        advanced=True,
    )
    device: Device = ask(
        "auto",
        Choice(DEVICES),
        "Device",
        "Where to train. Latency is always measured on the CPU.",
        advanced=True,
    )
    threads: int | None = ask(
        None,
        Whole(),
        "CPU threads",
        "CPU threads. Another number changes the last digits of the errors.",
        empty="all cores",
        advanced=True,
    )

    @property
    def fixed_steps(self) -> int:
        """`steps` of a training whose length has been fixed: every one but a new search's."""
        assert self.steps is not None
        return self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySpec(Description):
    """The latency to minimise, the second objective."""

    runtime: str = ask(
        "torch-float32",
        Text("NAME", "the name of a runtime"),
        "Runtime",
        "The runtime that you will deploy: torch-float32, onnx-int8 and others.",
        advanced=True,
    )
    batch_size: int = ask(
        1, Whole(1, MOST_TEXTS), "Texts per pass", "Texts per forward pass.", advanced=True
    )
    sequence_length: int = ask(
        32,
        Whole(step=16, metavar="TOKENS"),
        "Tokens per pass",
        "Tokens per text in a forward pass.",
        advanced=True,
    )
    threads: int | None = ask(
        None, Whole(), "CPU threads", "CPU threads.", empty="all cores", advanced=True
    )
    text_to_label: bool = ask(
        False,
        Flag(),
        "Text to label",
        "Time tokenizer, padding, network and softmax on the task's texts, not the network alone.",
        advanced=True,
    )
    profile: str | None = ask(
        None,
        Text("NAME", "the name of a stored profile"),
        "Profile",
        "Use this stored latency profile instead of measuring.",
        empty="measure this machine once",
        advanced=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpec(Description):
    """The question that the search answers (goal, ε, weights, assumptions) and its limits."""

    question: Question = field(default_factory=Question)
    budget: int | None = ask(
        None,
        Whole(),
        "Architectures at most",
        "Train at most this many architectures.",
        empty="no limit",
    )
    minutes: float | None = ask(
        None,
        MINUTES,
        "Minutes at most",
        "Train for at most this many minutes.",
        empty="no limit",
        example="10",
    )
    audit: int | None = ask(
        None,
        Whole(metavar="M"),
        "Audit",
        "At the end, test the answer on this many randomly drawn architectures.",
        empty="no audit",
        advanced=True,
    )
    parallel: int = ask(
        1,
        Whole(1, MOST_AT_ONCE, metavar="N"),
        "Trainings at once",
        "Have this many trainings at once, each on its share of the cores. Another number makes "
        "other picks.",
        advanced=True,
    )
    include: tuple[str, ...] = ask(
        (),
        Several(Text("ID"), "ids of architectures, separated by commas"),
        "Train first",
        "Train these architectures first, 4-8-1024-768 for example. They count towards the budget.",
        advanced=True,
    )
    seed: int = ask(0, SEED, "Seed", "Seed for the search and every training.")

    def __post_init__(self) -> None:
        check_fields(self)
        included = len(set(self.include))
        if self.budget is not None and included > self.budget:
            raise InvalidFieldError(
                "include",
                f"{included} architectures to train first exceed the budget of "
                f"{self.budget}; raise the budget",
            )

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, with the question's keys on the same level as the others."""
        values = to_json(self)
        question = values.pop("question")
        if question["nugget"] is None:  # no option sets it
            del question["nugget"]
        return {**question, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        return from_json(cls, {**values, "question": values}, what="the search")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec(Description):
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
    size: SizeSpec = field(default_factory=SizeSpec)

    def __post_init__(self) -> None:
        check_name(self.name)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {**to_json(self), "search": self.search.to_dict(), "size": self.size.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        search = values.get("search", {})
        return from_json(
            cls, {**values, "search": {**search, "question": search}}, what="the study"
        )


def check_name(name: str) -> str:
    """Return `name` if it can name a study; it becomes part of file names."""
    if not NAME.fullmatch(name):
        raise InvalidFieldError(
            "name",
            f"a study cannot be called {name!r}; use at most 80 letters, digits, dots, dashes "
            "and underscores, beginning with a letter or digit",
        )
    return name


def suggest_name(task: str, space: str) -> str:
    """Suggest a name for a study of this task (a name, file or `hub:ID`) and space.

    Examples:
        >>> suggest_name("data/my reviews.csv", "minilm")
        'my-reviews-minilm'
    """
    stem = PurePath(task.replace(":", "-").replace("\\", "/")).stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{stem}-{space}").strip("-._")
    return check_name(name[:80].rstrip("-._"))
