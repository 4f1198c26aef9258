"""What was done by clicking, as a command and as Python, to copy. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.study import LatencySpec, SearchSpec, StudySpec, TaskSpec, TrainingSpec

_LATENCY_OPTIONS = {
    "batch_size": "latency_batch",
    "sequence_length": "latency_length",
    "profile": "latency_profile",
}


def search_command(spec: StudySpec) -> str:
    """The command that searches as a study does; what is the default is left out.

    Examples:
        >>> space = {"name": "bort"}
        >>> search_command(StudySpec(name="mine", space=space, search=SearchSpec(budget=12)))
        'bort search --study mine --space bort --budget 12'
    """
    latency = {_LATENCY_OPTIONS.get(k, k): v for k, v in spec.latency.to_dict().items()}
    plain = {_LATENCY_OPTIONS.get(k, k): v for k, v in LatencySpec().to_dict().items()}
    latency.pop("threads")  # those of the training
    space = spec.space.get("name", "minilm")
    return shlex.join(
        [
            *("bort", "search", "--study", spec.name),
            *_options({"space": space}, {"space": "minilm"}),
            *_options({**spec.task.to_dict(), "seed": 0}, TaskSpec().to_dict()),
            *_options(spec.search.to_dict(), SearchSpec().to_dict()),
            *_options(spec.training.to_dict(), TrainingSpec().to_dict()),
            *_options(latency, plain),
        ]
    )


def finetune_command(
    study: str,
    picks: Sequence[str],
    *,
    seeds: int = 1,
    recipe: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> str:
    """The command that fine-tunes these points.

    Args:
        recipe: as `Recipe` in `bort.finetuning` has it; what is the default is left out.

    Examples:
        >>> finetune_command("quick", ["2-4-192-384"], seeds=3)
        'bort finetune --study quick --pick 2-4-192-384 --seeds 3'
        >>> recipe = {"steps": 20, "other_tasks": False, "copies": 8}
        >>> finetune_command("m", ["1-2-8-16"], recipe=recipe, threads=1)
        'bort finetune --study m --pick 1-2-8-16 --seeds 1 --steps 20 --no-other-tasks --threads 1'
    """
    from bort.core.finetune import Recipe

    asked = dict(recipe or {})
    for name in ("evaluations", "agora_rounds"):  # no options
        asked.pop(name, None)
    if asked.get("steps") is not None:
        asked.pop("epochs", None)
    if asked.get("distil_steps") is not None:
        asked.pop("distil_epochs", None)
    return shlex.join(
        [
            *("bort", "finetune", "--study", study, "--pick", ",".join(picks)),
            *("--seeds", str(seeds)),
            *_options(asked, {name: getattr(Recipe(), name) for name in asked}),
            *_options({"threads": threads}, {"threads": None}),
        ]
    )


def _options(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Options for what differs from the default."""
    found: list[str] = []
    for name, value in values.items():
        default = defaults.get(name)
        if value == default or (isinstance(value, list | tuple) and tuple(value) == default):
            continue
        option = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{'' if value else 'no-'}{option}")
        elif isinstance(value, Mapping):
            found += [f"--{option}", ",".join(f"{k}={v:g}" for k, v in value.items())]
        elif isinstance(value, list | tuple):
            found += [f"--{option}", ",".join(map(str, value))]
        else:
            found += [f"--{option}", str(value)]
    return found


def export_command(model: str, kind: str, out: str) -> str:
    """The command that exports a model.

    Examples:
        >>> export_command("quick-2-4-192-384", "onnx", "my model")
        "bort export quick-2-4-192-384 --format onnx --out 'my model'"
    """
    return shlex.join(["bort", "export", model, "--format", kind, "--out", out])


def search_python(study: str, *, epsilon: float, weights: Sequence[float]) -> str:
    """Python that reads the same front.

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
    """Python that answers a text with an exported folder, without this package.

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
