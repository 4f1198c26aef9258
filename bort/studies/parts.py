"""The parts of descriptions that make the options of commands and forms, and named presets."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bort.core.agora import (
    SAMPLERS,
    STEPS,
    TORUS,
    TORUS_LABELERS,
    TORUS_RADIUS,
    TORUS_SAMPLERS,
    RunRequest,
    TextSpec,
    TorusSpec,
)
from bort.core.fields import Part
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.kinds import Text
from bort.core.loggers import LogSpec
from bort.core.measuring import MeasureSpec, WinnersSpec
from bort.core.question import Question
from bort.core.rivals import RivalsSpec
from bort.core.size import SizeSpec, SizeUnit
from bort.core.study import LatencySpec, SearchSpec, TaskSpec, TrainingSpec
from bort.core.workers import WorkersSpec
from bort.latency.runtimes import RUNTIME_NAMES

THE_STUDYS = "the study's"

_RUNTIME = {"help": f"The runtime that you will deploy, one of {', '.join(RUNTIME_NAMES)}."}

# A search. `threads` is one option, for trainings and for the runtime.
TASK = Part(TaskSpec, "Task")
QUESTION = Part(Question, "Question")
SIZE = Part(SizeSpec, "Question", options={"unit": "size"})
BUDGET = Part(SearchSpec, "Question")
TRAINING = Part(TrainingSpec, "Training")
LATENCY = Part(
    LatencySpec,
    "Latency",
    options={
        "batch_size": "latency_batch",
        "sequence_length": "latency_length",
        "profile": "latency_profile",
    },
    changes={"runtime": _RUNTIME},
)
SIZE_OR_COLUMN = replace(
    SIZE,
    changes={
        "unit": {
            "kind": Text("UNIT|COLUMN", "a unit"),
            "help": f"What size means, one of {', '.join(SizeUnit)}. With --from-table, the column "
            "with the sizes instead.",
        }
    },
)
_LOGGERS = {"loggers": {"empty": "tensorboard, if installed"}}
LOG = Part(LogSpec, "Training", options={"loggers": "log"}, changes=_LOGGERS)
WORKERS = Part(WorkersSpec, "Training")
SEARCH = (TASK, QUESTION, SIZE_OR_COLUMN, BUDGET, TRAINING, WORKERS, LATENCY, LOG)
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "quick": {"epsilon": 0.1, "budget": 32},
    "thorough": {"epsilon": 0.1, "budget": 96, "seeds": 3},
}
FORM_PRESET = PRESETS["quick"]  # the first values in the form of a new search

# The question that a finished study can answer again.
NEW_QUESTION = Part(
    Question,
    "Question",
    only=("epsilon", "weights"),
    changes={
        "epsilon": {"default": None, "empty": THE_STUDYS},
        "weights": {"default": None, "empty": THE_STUDYS},
    },
)

# A measurement of a space, with texts of one length or of a task's lengths, or of a study's front.
MEASURE = Part(MeasureSpec, "Measurement")
LENGTHS = Part(
    TaskSpec,
    "Measurement",
    options={"task": "lengths_from"},
    only=("task", "text", "label"),
    changes={
        "task": {
            "default": None,
            "label": "Lengths of texts",
            "help": "Use texts as long as this task's, instead of a fixed length.",
            "empty": "one length",
        },
        "text": {"help": "The task's text column(s)."},
        "label": {"help": "The task's label column."},
    },
)
WINNERS = Part(WinnersSpec, "Measurement")
WORKLOAD = Part(
    LatencySpec,
    "Runtime and workload",
    without=("profile", "text_to_label"),
    changes={"runtime": _RUNTIME, "sequence_length": {"label": "Tokens per text"}},
)

# The task whose texts the vocabularies of a space split.
READ_TASK = Part(
    TaskSpec,
    "Vocabularies",
    only=("task", "text", "label"),
    changes={
        "task": {
            "default": None,
            "help": "Also show how the vocabularies of the space read this task's training texts.",
            "empty": "none",
        },
        "text": {"help": "The task's text column(s)."},
        "label": {"help": "The task's label column."},
    },
)

# What the operations of a space are counted for.
COUNTED = Part(LatencySpec, "Counting operations", only=("batch_size", "sequence_length"))

# A run of Agora. Both kinds of run share some options, which `bort agora run --help` shows once.
AGORA_TASK = Part(
    TaskSpec,
    "Task and student",
    without=("seed",),
    changes={
        "task": {
            "default": TORUS,
            "kind": Text("torus|NAME|FILE|hub:ID", "the name of a task or a data file"),
            "help": "torus (points on a torus), a named task, a CSV, TSV, JSONL or Parquet "
            "file, or hub:ID for a data set on the hub.",
        },
        "labelled": {
            "help": "Keep this many labelled training texts. The rest become the pool for new "
            "points.",
        },
    },
)
AGORA_REQUEST = Part(RunRequest, "Task and student")
AGORA_TORUS = Part(TorusSpec, "On the torus only")
AGORA_TEXT = Part(
    TextSpec,
    "On texts only",
    changes={
        "closing_steps": {"empty": "4 times the steps of a round"},
        "representation": {
            "default": None,
            "empty": "source, or words for edits or without a pool",
        },
    },
)
AGORA_TRAINING = Part(
    TrainingSpec,
    "Training on texts",
    without=("seeds", "teacher"),
    changes={
        "steps": {
            "default": STEPS,
            "label": "Steps per round",
            "help": "Training steps per round and hyperparameter set.",
        },
        "learning_rates": {
            "help": "Learning rates, Θ. Each round drops the one with the highest dev error.",
        },
        "initialise": {
            "default": None,
            "empty": "scratch, inherit for a distilled student, or as in the study",
        },
        "source": {"empty": "all-MiniLM-L6-v2, or the study's"},
    },
)
AGORA_SHARED = Part(
    TextSpec,
    "Sampling and stopping",
    only=("labeler", "sampler", "radius", "rounds", "points", "seed"),
    changes={
        "labeler": {
            "help": "The model that labels new points. On the torus: one of "
            f"{', '.join(TORUS_LABELERS)}. On texts: teacher, probe, sklearn:CLASS, or a "
            "classifier's folder or hub id.",
            "default": None,
            "empty": "noisy-oracle on the torus, teacher on texts",
        },
        "sampler": {
            "kind": Text("NAME"),
            "help": f"How to find new points. On the torus: one of {', '.join(TORUS_SAMPLERS)}. "
            f"On texts: one of {', '.join(SAMPLERS)}.",
            "default": None,
            "empty": "tangent on the torus, mixture on texts",
        },
        "radius": {
            "help": "Largest distance of a new point from its dev error.",
            "empty": f"{TORUS_RADIUS} on the torus, chosen from the data on texts",
        },
        "rounds": {"default": None, "empty": "8 on the torus, 6 on texts"},
    },
)
TORUS_RUN: tuple[Part[Any], ...] = (
    replace(AGORA_TASK, only=("task",)),
    replace(AGORA_REQUEST, only=("study",)),
    AGORA_TORUS,
)
TEXT_RUN: tuple[Part[Any], ...] = (AGORA_TASK, AGORA_REQUEST, AGORA_TEXT, AGORA_TRAINING)

# A fine-tuning; options that are left out are as in the study that points are picked from.
FINETUNE_TASK = Part(
    TaskSpec,
    "Task",
    only=("task", "text", "label", "split_column", "where"),
    changes={
        "task": {
            "default": None,
            "kind": Text("NAME|FILE|all", "the name of a task, a data file, or all"),
            "help": "Train on another task, or on all named ones.",
            "empty": THE_STUDYS,
        },
        "text": {"default": None, "help": "Text column(s) of the file.", "empty": THE_STUDYS},
        "label": {"default": None, "help": "Label column of the file.", "empty": THE_STUDYS},
    },
)
FINETUNE = Part(
    FineTuneSpec,
    "Trainings and measurements",
    options={"loggers": "log"},
    changes={
        "runtimes": {"default": (), "empty": THE_STUDYS},
        **_LOGGERS,
    },
)
FINETUNE_WORKERS = replace(WORKERS, title="Trainings and measurements")
RECIPE = Part(Recipe, "Recipe")
FINETUNE_TRAINING = Part(
    TrainingSpec,
    "Trainings and measurements",
    only=("threads",),
    changes={"threads": {"help": "CPU threads.", "empty": THE_STUDYS}},
)

# A comparison with rivals.
RIVALS_TRAINING = Part(TrainingSpec, "Source network", only=("source", "max_length"))
RIVALS_THREADS = Part(
    TrainingSpec,
    "Trainings",
    only=("threads",),
    changes={"threads": {"help": "CPU threads per training.", "empty": "all cores"}},
)
RIVALS = Part(RivalsSpec, "Trainings", only=("parallel",))
RIVALS_WORKERS = replace(WORKERS, title="Trainings")
