"""What was done by clicking, as a command and as Python, to copy. Pure."""

import shlex
from collections.abc import Sequence


def finetune_command(study: str, picks: Sequence[str], *, seeds: int = 1) -> str:
    """The command that fine-tunes these points.

    Examples:
        >>> finetune_command("quick", ["2-4-192-384"], seeds=3)
        'bort finetune --study quick --pick 2-4-192-384 --seeds 3'
    """
    return shlex.join(
        ["bort", "finetune", "--study", study, "--pick", ",".join(picks), "--seeds", str(seeds)]
    )


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
        from bort.answers import read_answer
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
            "from bort.answers import read_answer",
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
