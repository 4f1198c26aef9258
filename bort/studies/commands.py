"""Write the commands and Python code that do the same as the pages. Pure."""

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bort.core.agora import is_torus_run
from bort.core.fields import arguments
from bort.core.finetune import Recipe
from bort.core.measuring import MeasureSpec, WinnersSpec
from bort.core.question import Question
from bort.core.size import SizeUnit
from bort.core.study import SPACE, LatencySpec, StudySpec, TaskSpec, TrainingSpec
from bort.core.table_source import TableSource
from bort.core.workers import HERE, WorkersSpec
from bort.families import SPACE_NAMES
from bort.studies.parts import (
    BUDGET,
    FINETUNE,
    FINETUNE_TASK,
    FINETUNE_TRAINING,
    LATENCY,
    LENGTHS,
    MEASURE,
    NEW_QUESTION,
    QUESTION,
    RECIPE,
    RIVALS_TRAINING,
    SEARCH,
    SIZE,
    TASK,
    TEXT_RUN,
    TORUS_RUN,
    TRAINING,
    WINNERS,
    WORKERS,
    WORKLOAD,
)
from bort.studies.table_columns import OBJECTIVES, usual_objectives


def search_command(spec: StudySpec, workers: WorkersSpec = HERE) -> str:
    """Write the command that runs a study's search, without defaults.

    Examples:
        >>> from bort.core.study import SearchSpec
        >>> space = {"name": "bort"}
        >>> search_command(StudySpec(name="mine", space=space, search=SearchSpec(budget=12)))
        'bort search --study mine --space bort --budget 12'
    """
    space = spec.space.get("name", SPACE)
    given = {
        **LATENCY.given(spec.latency),
        **TASK.given(spec.task),
        **QUESTION.given(spec.search.question),
        **SIZE.given(spec.size),
        **BUDGET.given(spec.search),
        **TRAINING.given(spec.training),
        **WORKERS.given(workers),
    }
    return shlex.join(
        [
            *("bort", "search", "--study", spec.name),
            *_space(space),
            *arguments(given, *SEARCH),
        ]
    )


def _space(name: str) -> list[str]:
    if name == SPACE:
        return []
    is_file = name not in SPACE_NAMES and not name.endswith(".toml")  # that is, a person's
    return ["--space", f"{name}.toml" if is_file else name]


def front_command(
    study: str, *, epsilon: float, weights: Sequence[float], size: SizeUnit | None = None
) -> str:
    """Write the command that shows the same front.

    Args:
        size: the unit of sizes, if it is not the search's.

    Examples:
        >>> front_command("quick", epsilon=0.1, weights=(1.0, 2.0, 1.0))
        'bort front --study quick --epsilon 0.1 --weights 1,2,1'
        >>> front_command("quick", epsilon=0.1, weights=(1.0, 1.0, 1.0), size=SizeUnit.INT8)
        'bort front --study quick --epsilon 0.1 --weights 1,1,1 --size bytes-int8'
    """
    asked = arguments({"epsilon": epsilon, "weights": weights}, NEW_QUESTION)
    counted = [] if size is None else ["--size", size]
    return shlex.join(["bort", "front", "--study", study, *asked, *counted])


def rivals_command(
    task: TaskSpec, training: TrainingSpec | None = None, kinds: Iterable[str] = ()
) -> str:
    """Write the command that makes rivals of a task, from the source network of a training.

    Args:
        kinds: only these; all that are usual if there are none.

    Examples:
        >>> rivals_command(TaskSpec(task="trec.csv", label="coarse"))
        'bort rivals --task trec.csv --label coarse'
    """
    given = {**TASK.given(task), **RIVALS_TRAINING.given(training or TrainingSpec())}
    only = [word for kind in kinds for word in ("--rival", kind)]
    return shlex.join(["bort", "rivals", *arguments(given, TASK, RIVALS_TRAINING), *only])


def table_command(
    file: Path, objectives: Sequence[str], maximised: Collection[str] = ()
) -> str | None:
    """Write the command that searches a table; None unless it has three objectives.

    Which one is size, latency or error is a guess: from the names, else from their order.

    Examples:
        >>> table_command(Path("a.csv"), ["acc", "params", "ms"], ["acc"])
        'bort search --from-table a.csv --size params --latency ms --error acc --maximise acc'
    """
    if len(objectives) != len(OBJECTIVES):
        return None
    guess = usual_objectives(objectives)
    size, latency, error = objectives if None in guess else map(str, guess)
    named = [name for name in objectives if name in maximised]
    return shlex.join(["bort", "search", *_from_table(file, size, latency, error, maximised=named)])


def _from_table(
    file: Path, size: str, latency: str, error: str, *, maximised: Iterable[str] = ()
) -> list[str]:
    parts = ["--from-table", str(file), "--size", size, "--latency", latency, "--error", error]
    return [*parts, *(part for name in maximised for part in ("--maximise", name))]


def source_options(file: Path, source: TableSource) -> list[str]:
    """List the options that read a table in the way that `source` describes."""
    parts = _from_table(file, source.size, source.latency, source.error, maximised=source.maximise)
    parts += [] if source.error_se is None else ["--error-se", source.error_se]
    parts += [] if source.dimensions is None else ["--dimensions", ",".join(source.dimensions)]
    return [*parts, *(["--drop-failed"] if source.drop_failed else [])]


def table_front_command(
    file: Path, source: TableSource, *, epsilon: float, weights: Sequence[float]
) -> str:
    """Write the command that shows the front of a table.

    Examples:
        >>> source = TableSource(sha256="", size="params", latency="ms", error="acc", error_se=None,
        ...     maximise=("acc",), dimensions=("depth",), drop_failed=False)
        >>> table_front_command(Path("a.csv"), source, epsilon=0.1, weights=(1.0, 1.0, 1.0))
        'bort front --from-table a.csv --size params --latency ms --error acc --maximise acc \
--dimensions depth --epsilon 0.1 --weights 1,1,1'
    """
    asked = arguments({"epsilon": epsilon, "weights": weights}, NEW_QUESTION)
    return shlex.join(["bort", "front", *source_options(file, source), *asked])


def table_search_command(file: Path, source: TableSource, question: Question) -> str:
    """Write the command that searches a table as if each row had to be trained.

    Examples:
        >>> source = TableSource(sha256="", size="params", latency="ms", error="err", error_se=None,
        ...     maximise=(), dimensions=None, drop_failed=False)
        >>> table_search_command(Path("a.csv"), source, Question(epsilon=0.2))
        'bort search --from-table a.csv --size params --latency ms --error err --epsilon 0.2'
    """
    asked = arguments(QUESTION.given(question), QUESTION)
    return shlex.join(["bort", "search", *source_options(file, source), *asked])


def measure_command(spec: MeasureSpec, *, space: str = SPACE) -> str:
    """Write the command that measures a sample of a space, without defaults.

    Args:
        space: the name of the space, or its file.

    Examples:
        >>> from bort.core.study import LatencySpec, TaskSpec
        >>> latency, task = LatencySpec(threads=1), TaskSpec(task="my data.csv")
        >>> spec = MeasureSpec(space={}, latency=latency, lengths_from=task, count=16)
        >>> measure_command(spec, space="my.toml")
        "bort latency measure --space my.toml --count 16 --lengths-from 'my data.csv' --threads 1"
    """
    given = MEASURE.given(spec)
    given |= {} if spec.lengths_from is None else LENGTHS.given(spec.lengths_from)
    given |= WORKLOAD.given(spec.latency)
    asked = arguments(given, MEASURE, LENGTHS, WORKLOAD)
    return shlex.join(["bort", "latency", "measure", *_space(space), *asked])


def winners_command(spec: WinnersSpec) -> str:
    """Write the command that measures a study's front.

    Examples:
        >>> winners_command(WinnersSpec(study="quick", minutes=10))
        'bort latency measure --study quick --minutes 10'
    """
    asked = arguments(WINNERS.given(spec), WINNERS)
    return shlex.join(["bort", "latency", "measure", "--study", spec.study, *asked])


def landmarks_command(latency: LatencySpec) -> str:
    """Write the command that times well-known models.

    Examples:
        >>> landmarks_command(LatencySpec(sequence_length=128))
        'bort latency landmarks --sequence-length 128'
    """
    asked = arguments(WORKLOAD.given(latency), WORKLOAD)
    return shlex.join(["bort", "latency", "landmarks", *asked])


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
    parallel: int = 1,
    task: TaskSpec | None = None,
) -> str:
    """Write the command that fine-tunes these points, on the study's task or another.

    Examples:
        >>> finetune_command("quick", ["2-4-192-384"], seeds=3)
        'bort finetune --study quick --pick 2-4-192-384 --seeds 3'
        >>> finetune_command("quick", ["2-4-192-384"], parallel=2)
        'bort finetune --study quick --pick 2-4-192-384 --seeds 1 --parallel 2'
        >>> recipe = Recipe(steps=20, other_tasks=False)
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
            *([] if task is None else _other_task(task)),
            *arguments({"seeds": seeds, "parallel": None if parallel == 1 else parallel}, FINETUNE),
            *arguments(given, RECIPE),
            *arguments({"threads": threads}, FINETUNE_TRAINING),
        ]
    )


def _other_task(task: TaskSpec) -> list[str]:
    columns = ("text", "label", "split_column", "where") if Path(task.task).suffix else ()
    given = {"task": task.task, **{name: getattr(task, name) or None for name in columns}}
    return arguments(given, FINETUNE_TASK)


def export_command(model: str, kind: str, out: str) -> str:
    """Write the command that exports a model.

    Examples:
        >>> export_command("quick-2-4-192-384", "onnx", "my model")
        "bort export quick-2-4-192-384 --format onnx --out 'my model'"
    """
    return shlex.join(["bort", "export", model, "--format", kind, "--out", out])


def search_python(
    study: str, *, epsilon: float, weights: Sequence[float], size: SizeUnit | None = None
) -> str:
    """Write Python that reads the same front.

    Args:
        size: the unit of sizes, if it is not the search's.

    Examples:
        >>> print(search_python("quick", epsilon=0.1, weights=(1, 2, 1)))
        from bort.studies.answers import read_answer
        from bort.storage import open_store
        <BLANKLINE>
        with open_store() as store:
            answer = read_answer(store, 'quick', epsilon=0.1, weights=(1, 2, 1))
        for point in answer.front:
            print(point.id, point.size, point.latency_ms, point.error_rate)
    """
    given = ", ".join(f"{weight:g}" for weight in weights)
    asked = f"{study!r}, epsilon={epsilon:g}, weights=({given})"
    if size is not None:
        asked += f", size={str(size)!r}"
    return "\n".join(
        [
            "from bort.studies.answers import read_answer",
            "from bort.storage import open_store",
            "",
            "with open_store() as store:",
            f"    answer = read_answer(store, {asked})",
            "for point in answer.front:",
            "    print(point.id, point.size, point.latency_ms, point.error_rate)",
        ]
    )
