"""The sentences about data that makes results misleading."""

from collections.abc import Sequence

from bort.core.baseline import Coverage
from bort.report.baselines import coverage_sentence
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
            return (
                f"{warning.rows} {warning.split} texts have a near-duplicate in another split. "
                f"The split is yours, so they stay, but accuracy on {warning.split} will look "
                "better than it is."
            )
        case DataFlaw.PARTS_LEFT_OUT:
            return (
                f"{warning.rows} rows of {named(warning.classes)} are left out, because a split "
                "is called train, dev or validation, test or audit."
            )
        case DataFlaw.SPLIT_DRAWN:
            return (
                f"Your split has no usable {warning.split} row, so {warning.split} was drawn from "
                "the training rows."
            )
        case DataFlaw.CLASSES_SCARCE:
            return (
                f"{len(warning.classes)} of the classes have fewer than {FEW_TEXTS} training "
                f"texts: {named(warning.classes)}. Expect most errors "
                "there; more texts of these classes help most."
            )
        case DataFlaw.CLASSES_ALIKE:
            return (
                f"The names of some classes differ only in case or spaces: "
                f"{named([repr(name) for name in warning.classes])}. They are different classes "
                "here; if they are not meant to be, write them alike."
            )
        case DataFlaw.CONTRADICTING:
            return (
                f"{warning.rows} rows have a text that also occurs with another label. No model "
                "can be right on all of them; check these labels."
            )


def named(names: Sequence[str]) -> str:
    """List the first few names, and count the others."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
