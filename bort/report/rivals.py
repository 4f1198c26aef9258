"""The words and tables of a comparison with rivals; what we lose comes first."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bort.core.rivals import Compared, Comparison, RivalKind, Verdict
from bort.report.numbers import megabytes

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
    lines = []
    for verdict, words in (
        (Verdict.BEATS_US, "Beats us (smaller, faster, and not less accurate than any of ours)"),
        (Verdict.SURVIVES, "Survives"),
        (Verdict.BEATEN, "Beaten (one of ours is smaller, faster and not less accurate)"),
    ):
        for batch, where in BATCHES.items():
            names = [rival_name(row) for row in rivals if row.verdicts.get(batch) is verdict]
            if names:
                lines.append(f"{words}, {where}: {'; '.join(names)}.")
    return lines


def remarks(found: Comparison) -> list[str]:
    """List what a reader of the table needs to know."""
    lines = [
        f"Accuracy is on {found.texts} audit texts, with its 95 % interval. Bytes count all files "
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
    console = Console()
    for line in verdict_sentences(found):
        console.print(Text(line))
    console.print(_table(found))
    for line in remarks(found):
        console.print(Text(line))


HEADINGS = ("", "accuracy", "95 % interval", "macro F1", "MB", "ms, single", "ms, batch", "verdict")


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
    rows: Sequence[Compared] = sorted(found.rows, key=lambda row: (not row.is_ours, -row.accuracy))
    for row in rows:
        table.add_row(*map(Text, cells(row)))
    return table
