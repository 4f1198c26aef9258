"""The sentences about data that makes results misleading."""

from bort.tasks import DataFlaw, DataWarning


def data_warning(warning: DataWarning | str) -> str:
    """Say what is misleading about the data; the sentence of an older bort stays as it is.

    Examples:
        >>> print(data_warning(DataWarning(DataFlaw.CLASSES_ABSENT, split="dev", classes=("B",))))
        The dev split has no text of the class B, so results on dev say nothing about it.
    """
    if isinstance(warning, str):
        return warning
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
