"""Sentences about a model that somebody tries on a text of their own."""

from collections.abc import Mapping

from bort.finetuning.realised import RealisedLatency

SHOWN_CLASSES = 5


def trial_sentence(
    threads: int | None, latency: RealisedLatency | None, *, is_text_to_label: bool
) -> str:
    """Say how a trial was timed, and why the table above may say something else.

    Args:
        threads: how many both used; None means all cores.
        latency: the model's latency in the table; None if it was not measured.
        is_text_to_label: whether the table's latencies include the tokenizer.
    """
    on = "all cores" if threads is None else f"{threads} thread{'s' * (threads > 1)}"
    here = f"Median of five runs with PyTorch on {on}, from text to label, tokenizer included."
    if latency is None:
        return here
    what = "from text to label too" if is_text_to_label else "the network alone, without tokenizer"
    how = (
        "in turns with the other models on a quiet machine"
        if latency.noise_ok
        else "while the machine was busy, so it is uncertain"
    )
    return f"{here} Other programs may be running now. The table times {what}, {how}."


def best_scores(scores: Mapping[str, float], *others: Mapping[str, float]) -> list[str]:
    """Name the classes to show of a trial: those with the largest share in any answer.

    Examples:
        >>> best_scores({"a": 0.1, "b": 0.9}), len(best_scores({str(k): 0.1 for k in range(77)}))
        (['b', 'a'], 5)
    """
    largest = {name: max(one.get(name, 0.0) for one in (scores, *others)) for name in scores}
    return sorted(largest, key=largest.__getitem__, reverse=True)[:SHOWN_CLASSES]
