"""The words and tables about what a model gets wrong, for terminal, page and HTML file."""

from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from bort.finetuning.calibration import Calibration
from bort.finetuning.mistaken_texts import MistakenText
from bort.finetuning.mistakes import Confusion, Mistakes
from bort.finetuning.realised import DataFacts
from bort.report.numbers import counted
from bort.report.terminal import Terminal

NOT_KEPT = (
    "An older version trained this model and did not keep its mistakes. Fine-tune it again to see "
    "them."
)
SOME = 12  # pairs and texts in a terminal


class PairRow(NamedTuple):
    """Two classes that the model confuses, with `share` of the true class's texts."""

    true: str
    answer: str
    texts: int
    share: float


def pair_rows(confusion: Confusion, names: Sequence[str]) -> list[PairRow]:
    """List the pairs of classes that are confused, the most frequent first."""
    return [
        PairRow(names[one.true], names[one.answer], one.texts, one.texts / total)
        for one in confusion.mistaken()
        for total in [confusion.of_class(one.true)]
    ]


def confusion_sentence(confusion: Confusion, names: Sequence[str]) -> str:
    """Say what is counted, and which mistake is the most frequent."""
    rows = pair_rows(confusion, names)
    texts = sum(pair.texts for pair in confusion.pairs)
    if not rows:
        return f"It answers all {texts:,} audit texts rightly."
    first = rows[0]
    wrong = sum(row.texts for row in rows)
    return (
        f"It answers {wrong:,} of {texts:,} audit texts wrongly. Its most frequent mistake: "
        f"{counted(first.texts, 'text')} of the class {first.true} ({first.share:.1%}), answered "
        f"with {first.answer}."
    )


def calibration_sentence(found: Calibration) -> str:
    """Say how far scores are from accuracy, and in which direction."""
    low, high = (100 * end for end in found.interval)
    groups = "1 group" if len(found.bins) == 1 else f"{len(found.bins)} groups"
    said = (
        f"Its scores differ from its accuracy by {100 * found.error:.1f} points on average "
        f"(expected calibration error on {found.n:,} audit texts, in {groups} by score; 95% "
        f"interval: {low:.1f} to {high:.1f})."
    )
    if low == 0:
        return f"{said} Chance alone can explain that."
    direction = "too sure of itself" if found.excess > 0 else "not sure enough"
    accuracy = sum(one.right for one in found.bins) / found.n
    return (
        f"{said} On the whole it is {direction}: its mean score is "
        f"{accuracy + found.excess:.1%}, its accuracy {accuracy:.1%}."
    )


def mistakes_sentence(mistakes: Mistakes, data: DataFacts) -> str:
    """Say how many dev texts are answered wrongly, and why these are dev texts."""
    kept = len(mistakes.kept)
    some = "" if kept == mistakes.count else f" The {kept:,} most confident ones are kept."
    return (
        f"It answers {mistakes.count:,} of {data.splits['dev']:,} dev texts wrongly, the most "
        f"confident mistakes first.{some} The audit texts stay unread, so that they can judge "
        "what you change."
    )


def no_mistakes(mistakes: Mistakes) -> str:
    """Say that no mistake matches the filter, or that there is none."""
    return "There is no such mistake." if mistakes.count else "There is no mistake on dev."


def print_mistakes(
    confusion: Confusion,
    calibration: Calibration,
    mistakes: Mistakes,
    data: DataFacts,
    texts: Sequence[MistakenText],
    *,
    limit: int,
) -> None:
    """Print confused pairs, calibration and the first mistakes with their texts."""
    console, names = Terminal(), data.class_names
    console.print(Text(confusion_sentence(confusion, names)))
    rows = pair_rows(confusion, names)
    if len(names) > 2 and rows:
        console.print(_pairs(rows))
    console.print(Text(calibration_sentence(calibration)))
    console.print(Text(mistakes_sentence(mistakes, data)))
    if not texts:
        console.print(Text(no_mistakes(mistakes)))
    for one, text in texts[:limit]:
        shown = " / ".join(" ".join(part.split()) for part in text)
        head = f"{one.score:.3f}  {names[one.answer]}, in truth {names[one.true]}:"
        console.print(Text.assemble((head, "bold"), " ", shown))
    if len(texts) > limit:
        console.print(Text(f"and {len(texts) - limit:,} more; see --limit and --out"))


def _pairs(rows: Sequence[PairRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, side in (("class", "left"), ("answer", "left"), ("texts", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    table.add_column("of the class", justify="right")
    for row in rows[:SOME]:
        table.add_row(Text(row.true), Text(row.answer), f"{row.texts:,}", f"{row.share:.1%}")
    return table
