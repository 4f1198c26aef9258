"""Sentences about the map of an Agora run."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from bort.agora.loop import Round, Value
from bort.agora.maps import JUDGED_NEIGHBOURS, Kept, Kind
from bort.agora.world import RoundSummary
from bort.core.agora import STUDENT, WORDS
from bort.report.agora import value_words, verdict_words
from bort.report.numbers import counted

KIND_NAMES: dict[Kind, str] = {"tsne": "t-SNE", "pca": "PCA"}
NO_MAP = (
    "This run stored no map: it has too few dev items, was made by an earlier version, or its disk "
    "was full. Replay a correction, and the new run has one."
)


def map_sentence(kind: Kind | None, representation: str | None, kept: Kept | None) -> str:
    """Say what a map shows, how well, and what must not be read from it.

    Args:
        kind: None on the torus, whose points are shown at their coordinates.
        representation: where the run measures distances; None on the torus.
        kept: how well the map keeps neighbourhoods.
    """
    if kind is None or kept is None:
        return "Points are shown at their coordinates on the torus. Drag to turn it."
    how = (
        "The map shows the two directions in which the dev items vary most; items that look close "
        "may differ in all others."
        if kind == "pca"
        else "Neighbours stay neighbours; sizes of groups and distances between them mean nothing."
    )
    return (
        f"{_basis_sentence(representation)} {how} {kept.share:.0%} of an item's "
        f"{JUDGED_NEIGHBOURS} nearest items are among the nearest here ({kept.chance:.0%} by "
        "chance). The map is fitted to the dev items once; new points are inserted, and nothing "
        "moves."
    )


def _basis_sentence(representation: str | None) -> str:
    if representation == WORDS:
        return "Texts are compared by the means of their word vectors, as the run does."
    if representation == STUDENT:
        return (
            "Texts are compared by the source network's sentence vectors; the run itself uses "
            "those of each round's student."
        )
    return "Texts are compared by the source network's sentence vectors, as the run does."


def round_sentence(row: RoundSummary) -> str:
    """Say what one round found and did."""
    items = "item" if row.errors_found == 1 else "items"
    found = f"The student gets {row.errors_found:,} dev {items} wrong."
    if not row.proposed:
        return f"{found} Nothing was sampled."
    reasons = [f"{n:,} {verdict_words(reason)}" for reason, n in row.refused.items()]
    what = ", ".join([f"{row.accepted:,} accepted", *reasons])
    return f"{found} {counted(row.proposed, 'point')} sampled near them: {what}."


def changed_words(before: Value | None, after: Value) -> list[tuple[str, bool]]:
    """Divide a text into pieces, and mark those whose words its parent does not have there.

    Examples:
        >>> changed_words("a warm film", "a cold dull film")
        [('a', False), ('cold dull', True), ('film', False)]
    """
    old, new = value_words(before).split(), value_words(after).split()
    pieces = []
    for what, _, _, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if begin < end:
            pieces.append((" ".join(new[begin:end]), what != "equal"))
    return pieces


def selection_words(chosen: int, labelled: int) -> str:
    """Say what is selected, and whether it can be corrected.

    Examples:
        >>> print(selection_words(12, 9))
        12 points are selected; 3 never got a label and stay as they are.
    """
    said = "1 point is selected" if chosen == 1 else f"{chosen:,} points are selected"
    unlabelled = chosen - labelled
    if not unlabelled:
        return f"{said}."
    return f"{said}; {unlabelled:,} never got a label and stay as they are."


def headline(rows: Sequence[RoundSummary]) -> str:
    """Say in one line where a run stands."""
    last = rows[-1]
    change = 100 * (last.audit_error - rows[0].audit_error)
    since = f" ({change:+.1f} points since round 0)" if len(rows) > 1 else ""
    return (
        f"Audit error {last.audit_error:.1%}{since}, 95% interval {last.audit_low:.1%} to "
        f"{last.audit_high:.1%}; dev error {last.dev_error:.1%}, optimistic. "
        f"{last.train_size:,} training examples."
    )


def dev_history(item: int, rounds: Sequence[Round]) -> str:
    """Say in which rounds the student got a dev item wrong."""
    wrong = [r.number for r in rounds if item in r.wrong_dev]
    if not wrong:
        return "right in every round"
    if len(wrong) == len(rounds):
        return "wrong in every round"
    listed = ", ".join(map(str, wrong))
    return f"wrong in round{'' if len(wrong) == 1 else 's'} {listed}"


def launch_sentence(accepted: int) -> str:
    """Say what the student would be fine-tuned on."""
    texts = "1 text" if accepted == 1 else f"{accepted:,} texts"
    return (
        f"This run accepted {texts}. Fine-tune its student on them and on the labelled training "
        "texts: distilled, then evaluated on audit, which neither has seen."
    )
