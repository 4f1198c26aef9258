"""What commands and forms ask for: parts of descriptions, and sets of answers with a name."""

from collections.abc import Mapping
from typing import Any

from bort.core.fields import Part
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.kinds import Text
from bort.core.question import Question
from bort.core.study import LatencySpec, MeasureSpec, SearchSpec, TaskSpec, TrainingSpec
from bort.latency.runtimes import RUNTIME_NAMES

THE_STUDYS = "the study's"

_RUNTIME = {"help": f"The runtime that you will deploy, one of {', '.join(RUNTIME_NAMES)}."}

# A search. `threads` is one option: of trainings and of the runtime.
TASK = Part(TaskSpec, "Task")
QUESTION = Part(Question, "Question")
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
SEARCH = (TASK, QUESTION, BUDGET, TRAINING, LATENCY)
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "quick": {"epsilon": 0.1, "budget": 12},
    "thorough": {"epsilon": 0.1, "budget": 96, "seeds": 3, "steps": 400},
}
FORM_PRESET = PRESETS["quick"]  # what the form of a new search holds at first

# What a finished study is asked again.
NEW_QUESTION = Part(
    Question,
    "Question",
    only=("epsilon", "weights"),
    changes={
        "epsilon": {"default": None, "empty": THE_STUDYS},
        "weights": {"default": None, "empty": THE_STUDYS},
    },
)

MEASURE = Part(MeasureSpec, "Measurement")
WORKLOAD = Part(
    LatencySpec,
    "Runtime and workload",
    without=("profile",),
    changes={"runtime": _RUNTIME, "sequence_length": {"label": "Tokens per text"}},
)

# A fine-tuning; what is left out is as in the study that points are picked from.
FINETUNE_TASK = Part(
    TaskSpec,
    "Task",
    only=("task", "text", "label"),
    changes={
        "task": {
            "default": None,
            "kind": Text("NAME|FILE|all", "the name of a task, a data file, or all"),
            "help": "Another task, or all named ones.",
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
        "loggers": {"empty": "tensorboard, if installed"},
    },
)
RECIPE = Part(Recipe, "Recipe")
FINETUNE_TRAINING = Part(
    TrainingSpec,
    "Trainings and measurements",
    only=("threads",),
    changes={"threads": {"help": "CPU threads.", "empty": THE_STUDYS}},
)
