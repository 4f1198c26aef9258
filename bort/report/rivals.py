"""The words and tables of a comparison with rivals; what we lose comes first."""

import re

from rich import box
from rich.table import Table
from rich.text import Text

from bort.core.rivals import Compared, Comparison, RivalKind, Verdict
from bort.families import FAMILY_NAMES
from bort.report.numbers import megabytes
from bort.report.terminal import Terminal
from bort.studies.rivals import SharedAxes

SHORT_NAMES = {
    RivalKind.TFIDF: "tf-idf",
    RivalKind.FASTTEXT: "fastText",
    RivalKind.WORDLLAMA: "wordllama",
    RivalKind.MODEL2VEC: "model2vec",
    RivalKind.PROBE: "frozen source",
    RivalKind.SOURCE: "source",
    RivalKind.SOURCE_INT8: "source int8",
    RivalKind.FEWER_LAYERS: "half of the source",
    RivalKind.PRUNED: "source, pruned",
    RivalKind.SETFIT: "SetFit",
}
RIVAL_NAMES = {
    RivalKind.TFIDF: "tf-idf, logistic regression",
    RivalKind.FASTTEXT: "fastText, quantised",
    RivalKind.WORDLLAMA: "wordllama, logistic regression",
    RivalKind.MODEL2VEC: "model2vec, logistic regression",
    RivalKind.PROBE: "frozen source, logistic regression",
    RivalKind.SOURCE: "fine-tuned source, float32",
    RivalKind.SOURCE_INT8: "fine-tuned source, int8",
    RivalKind.FEWER_LAYERS: "half of the source's layers",
    RivalKind.PRUNED: "source, pruned by magnitude",
    RivalKind.SETFIT: "SetFit, logistic regression",
}
VERDICT_NAMES = {
    Verdict.BEATEN: "beaten",
    Verdict.SURVIVES: "survives",
    Verdict.BEATS_US: "beats us",
}
BATCHES = {"1": "single texts", "32": "batches of 32"}


def rival_name(row: Compared) -> str:
    """Name a classifier of the comparison."""
    if row.runtime is not None:
        return f"{row.name} ({row.runtime.removeprefix('onnx-')})"
    return RIVAL_NAMES[RivalKind(row.name)]


def short_name(row: Compared) -> str:
    """Name a classifier beside its mark."""
    return without_study(row.name) if row.is_ours else SHORT_NAMES[RivalKind(row.name)]


def without_study(name: str) -> str:
    """Shorten a model's name to its architecture, if it ends with one.

    Example:
        >>> without_study("my-reviews-static-4000-64"), without_study("for-the-shop")
        ('static-4000-64', 'for-the-shop')
    """
    return re.sub(rf"^.*-(?=({'|'.join(FAMILY_NAMES)})-)", "", name)


def ordered(found: Comparison, first: str = "") -> list[Compared]:
    """Order the rows: the model called `first`, ours, then who beats us; each by accuracy."""
    return sorted(
        found.rows,
        key=lambda row: (
            row.name != first,
            not row.is_ours,
            Verdict.BEATS_US not in row.verdicts.values(),
            -row.accuracy,
        ),
    )


def verdict_sentences(found: Comparison) -> list[str]:
    """Say who beats us at each batch size, the losses first, and who is beaten.

    If none of our models is in the comparison, say what to do.
    """
    rivals = [row for row in found.rows if not row.is_ours]
    if len(rivals) == len(found.rows):
        return [
            "None of your models was trained on this task, so there are no verdicts. Train one: "
            "bort search, then bort finetune --best."
        ]
    return [line for verdict in _VERDICTS for line in _who(found, verdict)]


_VERDICTS = {
    Verdict.BEATS_US: "Beats us (smaller, faster, and not less accurate than any of ours)",
    Verdict.SURVIVES: "Survives",
    Verdict.BEATEN: "Beaten (one of ours is smaller, faster and not less accurate)",
}


def _who(found: Comparison, verdict: Verdict) -> list[str]:
    lines = []
    for batch, where in BATCHES.items():
        names = [rival_name(row) for row in found.rows if row.verdicts.get(batch) is verdict]
        if names:
            lines.append(f"{_VERDICTS[verdict]}, {where}: {'; '.join(names)}.")
    return lines


def losses(found: Comparison) -> list[str]:
    """Say who beats us; a line per batch size, none if nobody does."""
    return _who(found, Verdict.BEATS_US)


def axes_sentence(axes: SharedAxes, *, is_text_to_label: bool) -> str:
    """Say on which of a study's charts rivals are drawn, and why not on the others."""
    size = "Their size is not drawn: it is bytes of files, and this study counts parameters."
    latency = (
        "Their time is not drawn: it was measured on another machine, with other threads, or for "
        "other numbers of texts than this study's."
        if is_text_to_label
        else "Their time is not drawn: it runs from text to label, and this study's is that of the "
        "network alone."
    )
    rounds = (
        "Their times come from the rounds of the comparison below, the study's from a model that "
        "was fitted in other rounds."
    )
    table = "The comparison below has all numbers."
    if axes.has_size and axes.texts is not None:
        return f"■ is others' work, on all axes. {rounds}"
    if axes.has_size:
        return f"■ is others' work, where size and error meet. {latency} {table}"
    if axes.texts is not None:
        return f"■ is others' work, where latency and error meet. {size} {rounds} {table}"
    return f"Others' work is not on these charts. {size} {latency} {table}"


def remarks(found: Comparison) -> list[str]:
    """List what a reader of the table needs to know."""
    lines = [
        f"Accuracy is on {found.texts} audit texts, with its 95% interval. Bytes count all files "
        "that a classifier needs, tokenizer included. Times run from text to label on one thread, "
        "in turns."
    ]
    if not found.noise_ok:
        lines.append("The machine was busy during the timing, so the times are uncertain.")
    for row in found.rows:
        if (size := row.chosen.get("sparse_bytes")) is not None:
            lines.append(
                f"Pruning set {row.chosen['removed']:.0%} of the weights to zero. Stored without "
                f"the zeros, the network takes {megabytes(size)} MB instead of "
                f"{megabytes(row.size_bytes)}; it runs no faster."
            )
    return lines


def print_rivals(found: Comparison) -> None:
    """Print verdicts and table."""
    console = Terminal()
    for line in verdict_sentences(found):
        console.print(Text(line))
    console.print(_table(found))
    for line in remarks(found):
        console.print(Text(line))


HEADINGS = ("", "accuracy", "95% interval", "macro F1", "MB", "ms, single", "ms, batch", "verdict")


def cells(row: Compared) -> tuple[str, ...]:
    """Write a row of the table, one cell per heading."""
    verdicts = dict.fromkeys(VERDICT_NAMES[one] for one in row.verdicts.values())
    return (
        rival_name(row),
        f"{row.accuracy:.3f}",
        f"{row.low:.3f} to {row.high:.3f}",
        f"{row.macro_f1:.3f}",
        megabytes(row.size_bytes),
        *(f"{row.latency[batch].median_ms:.3f}" for batch in BATCHES),
        " / ".join(verdicts) or ("ours" if row.is_ours else "-"),
    )


def _table(found: Comparison) -> Table:
    title = f"Task {found.task}, {found.labelled:,} labelled texts"
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number in (0, 7) else "right")
    for row in ordered(found):
        table.add_row(*map(Text, cells(row)))
    return table
