"""Write the commands and Python code that do the same as the pages. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.agora import is_torus_run
from bort.core.fields import arguments
from bort.core.finetune import Recipe
from bort.core.study import StudySpec
from bort.studies.parts import (
    BUDGET,
    FINETUNE,
    FINETUNE_TRAINING,
    LATENCY,
    QUESTION,
    RECIPE,
    SEARCH,
    TASK,
    TEXT_RUN,
    TORUS_RUN,
    TRAINING,
)


def search_command(spec: StudySpec) -> str:
    """Write the command that runs a study's search, without defaults.

    Examples:
        >>> from bort.core.study import SearchSpec
        >>> space = {"name": "bort"}
        >>> search_command(StudySpec(name="mine", space=space, search=SearchSpec(budget=12)))
        'bort search --study mine --space bort --budget 12'
    """
    space = spec.space.get("name", "minilm")
    given = {
        **LATENCY.given(spec.latency),
        **TASK.given(spec.task),
        **QUESTION.given(spec.search.question),
        **BUDGET.given(spec.search),
        **TRAINING.given(spec.training),
    }
    return shlex.join(
        [
            *("bort", "search", "--study", spec.name),
            *(() if space == "minilm" else ("--space", space)),
            *arguments(given, *SEARCH),
        ]
    )


def agora_command(asked: Mapping[str, Any]) -> str:
    """Write the command that starts an Agora run, without empty values and defaults.

    Examples:
        >>> agora_command({"task": "torus", "radius": 1.5, "points": None, "learner": "knn"})
        'bort agora run --task torus --learner knn'
        >>> agora_command({"task": "my reviews.csv", "labelled": 500, "hard_labels": True})
        "bort agora run --task 'my reviews.csv' --labelled 500 --hard-labels"
    """
    parts = TORUS_RUN if is_torus_run(asked) else TEXT_RUN
    fields = {option: field for part in parts for option, field in part.fields.items()}
    given = {
        option: value
        for option, value in asked.items()
        if value not in (None, "") and (option == "task" or value != fields[option].default)
    }
    return shlex.join(["bort", "agora", "run", *arguments(given, *parts)])


def finetune_command(
    study: str,
    picks: Sequence[str],
    *,
    seeds: int = 1,
    recipe: Recipe | None = None,
    threads: int | None = None,
) -> str:
    """Write the command that fine-tunes these points.

    Examples:
        >>> finetune_command("quick", ["2-4-192-384"], seeds=3)
        'bort finetune --study quick --pick 2-4-192-384 --seeds 3'
        >>> recipe = Recipe(steps=20, other_tasks=False, copies=8)
        >>> finetune_command("m", ["1-2-8-16"], recipe=recipe, threads=1)
        'bort finetune --study m --pick 1-2-8-16 --seeds 1 --steps 20 --no-other-tasks --threads 1'
    """
    given = RECIPE.given(recipe or Recipe())
    for steps, epochs in (("steps", "epochs"), ("distil_steps", "distil_epochs")):
        if steps in given:  # then epochs have no effect
            given.pop(epochs, None)
    return shlex.join(
        [
            *("bort", "finetune", "--study", study, "--pick", ",".join(picks)),
            *arguments({"seeds": seeds}, FINETUNE),
            *arguments(given, RECIPE),
            *arguments({"threads": threads}, FINETUNE_TRAINING),
        ]
    )


def export_command(model: str, kind: str, out: str) -> str:
    """Write the command that exports a model.

    Examples:
        >>> export_command("quick-2-4-192-384", "onnx", "my model")
        "bort export quick-2-4-192-384 --format onnx --out 'my model'"
    """
    return shlex.join(["bort", "export", model, "--format", kind, "--out", out])


def search_python(study: str, *, epsilon: float, weights: Sequence[float]) -> str:
    """Write Python that reads the same front.

    Examples:
        >>> print(search_python("quick", epsilon=0.1, weights=(1, 2, 1)))
        from bort.studies.answers import read_answer
        from bort.storage import open_store
        <BLANKLINE>
        with open_store() as store:
            answer = read_answer(store, 'quick', epsilon=0.1, weights=(1, 2, 1))
        for point in answer.front:
            print(point.id, point.parameter_count, point.latency_ms, point.error_rate)
    """
    given = ", ".join(f"{weight:g}" for weight in weights)
    return "\n".join(
        [
            "from bort.studies.answers import read_answer",
            "from bort.storage import open_store",
            "",
            "with open_store() as store:",
            f"    answer = read_answer(store, {study!r}, epsilon={epsilon:g}, weights=({given}))",
            "for point in answer.front:",
            "    print(point.id, point.parameter_count, point.latency_ms, point.error_rate)",
        ]
    )


def predict_python(folder: str) -> str:
    """Write Python that classifies a text with an exported folder, without this package.

    Examples:
        >>> print(predict_python("model"))
        from transformers import pipeline
        <BLANKLINE>
        classify = pipeline("text-classification", model='model')
        print(classify("What a fine film."))
    """
    return "\n".join(
        [
            "from transformers import pipeline",
            "",
            f'classify = pipeline("text-classification", model={folder!r})',
            'print(classify("What a fine film."))',
        ]
    )
