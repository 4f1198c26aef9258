"""The sentences about data that makes results misleading."""

from collections.abc import Sequence
from pathlib import PurePath

from bort.core.baseline import Coverage
from bort.report.baselines import coverage_sentence
from bort.studies.data_look import DataLook
from bort.studies.table_columns import Remark, TableNote
from bort.tasks import DataFlaw, DataWarning
from bort.tasks.task import FEW_TEXTS

MOST_NAMED = 8  # classes in a sentence


def data_warning(warning: DataWarning | Coverage | str) -> str:
    """Say what is misleading about the data, or what a file of soft labels covers.

    The sentence of an older bort stays as it is.

    Examples:
        >>> print(data_warning(DataWarning(DataFlaw.CLASSES_ABSENT, split="dev", classes=("B",))))
        The dev split has no text of the class B, so results on dev say nothing about it.
    """
    if isinstance(warning, str):
        return warning
    if isinstance(warning, Coverage):
        return coverage_sentence(warning)
    match warning.code:
        case DataFlaw.TEMPLATED:
            return (
                f"{warning.rows} rows are near-duplicates of each other, as if made from a "
                "template. They are in all splits, so accuracy will look better than it is."
            )
        case DataFlaw.CLASSES_ABSENT:
            one = len(warning.classes) == 1
            return (
                f"The {warning.split} split has no text of the class{'' if one else 'es'} "
                f"{', '.join(warning.classes)}, so results on {warning.split} say nothing about "
                f"{'it' if one else 'them'}."
            )
        case DataFlaw.SHARED:
            one = warning.rows == 1
            return (
                f"{warning.rows} {warning.split} {'text has' if one else 'texts have'} a "
                "near-duplicate in another split. "
                f"The split is yours, so they stay, but accuracy on {warning.split} will look "
                "better than it is."
            )
        case DataFlaw.PARTS_LEFT_OUT:
            rows, verb = ("1 row", "is") if warning.rows == 1 else (f"{warning.rows} rows", "are")
            return (
                f"{rows} of {named(warning.classes)} {verb} left out, because a split "
                "is called train, dev or validation, test or audit."
            )
        case DataFlaw.SPLIT_DRAWN:
            return (
                f"Your split has no usable {warning.split} row, so {warning.split} was drawn from "
                "the training rows."
            )
        case DataFlaw.CLASSES_SCARCE:
            if len(warning.classes) == 1:
                return (
                    f"The class {warning.classes[0]} has fewer than {FEW_TEXTS} training texts. "
                    "Expect most errors there; more of its texts help most."
                )
            return (
                f"{len(warning.classes)} of the classes have fewer than {FEW_TEXTS} training "
                f"texts: {named(warning.classes)}. Expect most errors "
                "there; more texts of these classes help most."
            )
        case DataFlaw.CLASSES_ALIKE:
            return (
                f"The names of some classes differ only in case, spaces or encoding: "
                f"{named([repr(name) for name in warning.classes])}. They are different classes "
                "here; if they are not meant to be, write them alike."
            )
        case DataFlaw.CONTRADICTING:
            return (
                f"{warning.rows} rows have a text that also occurs with another label. No model "
                "can be right on all of them; check these labels."
            )


def look_sentences(found: DataLook) -> list[str]:
    """Say what a task's texts are like.

    Examples:
        >>> look = DataLook({"good": 60, "bad": 40}, {"train": 70, "dev": 15, "audit": 15},
        ...     {"blank": 2}, 3, 0.012, ())
        >>> print("\\n".join(look_sentences(look)))
        2 classes: good 60, bad 40. 70 texts to train on, 15 to compare networks, 15 kept for the \
end.
        Left out: 2 (blank). Near-duplicates of other rows: 3; they stay in one split.
        The source network does not know 1.2% of the words and pieces.
    """
    counts = named([f"{name} {count:,}" for name, count in found.classes.items()])
    sizes = found.sizes
    lines = [
        f"{len(found.classes):,} classes: {counts}. {sizes['train']:,} texts to train on, "
        f"{sizes['dev']:,} to compare networks, {sizes['audit']:,} kept for the end."
    ]
    dropped = {reason: count for reason, count in found.dropped.items() if count}
    left_out = ", ".join(f"{count:,} ({reason})" for reason, count in dropped.items())
    alike = found.near_duplicates
    parts = [
        f"Left out: {left_out}." if left_out else "",
        f"Near-duplicates of other rows: {alike:,}; they stay in one split."
        if alike
        else "No near-duplicates.",
    ]
    lines.append(" ".join(filter(None, parts)))
    if found.unknown_share is not None:
        lines.append(
            f"The source network does not know {found.unknown_share:.1%} of the words and pieces."
        )
    return lines


def named(names: Sequence[str]) -> str:
    """List the first few names, and count the others."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def short_name(reference: str) -> str:
    """Shorten a task's or network's name: a path to its last part.

    Examples:
        >>> short_name("movie-reviews"), short_name("/data/reviews.csv"), short_name("hub:ada/a")
        ('movie-reviews', 'reviews.csv', 'hub:ada/a')
    """
    path = PurePath(reference)
    return path.name if path.is_absolute() else reference


def table_note(note: TableNote) -> str:
    """Say which columns of a table are no dimensions, or which rows are left out.

    Examples:
        >>> print(table_note(TableNote(Remark.SEED, ("seed",))))
        Left out as no dimension (seeds): seed. If it is one, name all with --dimensions.
    """
    columns = named(note.columns)
    match note.code:
        case Remark.FAILED:
            return f"Rows without a size, latency or error that are left out: {note.rows:,}."
        case Remark.BLANK:
            return f"Blank cells in {columns} count as a choice of their own, (blank)."
        case Remark.PERCENT:
            return f"The values of {columns} are above 1, so they are read as percent."
        case Remark.AVERAGED:
            return f"Rows that differ only in their seeds are averaged: {note.rows:,}."
        case Remark.LONE_TEXT:
            return (
                f"Every row has another text in {columns}, so no row says anything about another, "
                "and a search has to evaluate all of them."
            )
    reason = {
        Remark.INDEX: "numbers or names of rows",
        Remark.TIME: "times",
        Remark.TEXT: "another text in every row",
        Remark.SEED: "seeds",
        Remark.RESULT: "results of bort front",
        Remark.MEASURED: "results, by their names or because they move with the error",
    }[note.code]
    return (
        f"Left out as no dimension ({reason}): {columns}. If it is one, name all with --dimensions."
    )
