"""Split rows into training, dev (the search evaluates on it) and audit (no choice uses it)."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from bort.core.errors import InvalidDataError, InvalidFieldError
from bort.tasks.near_duplicates import DisjointSets, NearDuplicateIndex

Numbers = npt.NDArray[np.int64]


class SplitName(IntEnum):
    """The splits, in order of strictness; `NOWHERE` marks a row that was left out."""

    NOWHERE = -1
    TRAIN = 0
    DEV = 1
    AUDIT = 2


# The usual names of splits. A published test split is what audit is for. Training rows are free:
# if a split is missing, it is drawn from them.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), SplitName.NOWHERE),
    **dict.fromkeys(("dev", "development", "val", "valid", "validation"), SplitName.DEV),
    **dict.fromkeys(("test", "testing", "audit"), SplitName.AUDIT),
}

FRACTIONS = (0.70, 0.15, 0.15)  # train, dev, audit
SMALLEST_TEMPLATE = 6  # rows of a class; a smaller class of near-duplicates is just a rare class


def leakage_groups(
    texts: Sequence[str], labels: Numbers, documents: Sequence[str] | None = None
) -> tuple[Numbers, int]:
    """Group the rows that must stay in one split: near-duplicates, sentences of one document.

    Texts made from one template are all near-duplicates of each other. A group with more than
    half of a class's rows would leave nothing to split, so it counts as a template: only equal
    texts stay together [ours].

    Args:
        texts: n texts; two text columns are joined into one.
        labels: shape (n,).
        documents: n document names, or None.
    Returns:
        Each row's group number, shape (n,), and how many rows come from templates.
    """
    index = NearDuplicateIndex(texts)
    groups, copies = index.groups(), index.copies()
    templated = np.isin(groups, _templates(groups, labels))
    sets = DisjointSets(len(groups))
    _join_equal(sets, np.where(templated, len(groups) + copies, groups))
    if documents is not None:
        _join_equal(sets, np.unique(documents, return_inverse=True)[1])
    return sets.numbered(), int(templated.sum())


def _templates(groups: Numbers, labels: Numbers) -> Numbers:
    found = []
    for label in np.unique(labels):
        sizes = np.bincount(groups[labels == label])
        if sizes.sum() >= SMALLEST_TEMPLATE and sizes.max() > sizes.sum() / 2:
            found.append(int(sizes.argmax()))
    return np.array(found, dtype=np.int64)


def _join_equal(sets: DisjointSets, names: Numbers) -> None:
    first: dict[int, int] = {}
    for row, name in enumerate(names.tolist()):
        sets.join(first.setdefault(name, row), row)


def assign_splits(
    labels: Numbers,
    groups: Numbers,
    *,
    seed: int,
    preset: Numbers | None = None,
    keeps_preset: bool = False,
) -> npt.NDArray[np.int8]:
    """Split rows 70/15/15 so that groups stay whole and every class has the same proportions.

    Groups of several rows come first, the largest before the others. Each goes where it brings the
    class counts closest to their targets (squared distance). Single rows then fill the gaps, class
    by class, so counts are exact wherever there are enough of them. A class of three or more rows
    gets at least one row in every split if possible.

    Args:
        labels: shape (n,), 0 or more.
        groups: shape (n,), the numbers from `leakage_groups`.
        seed: decides which rows go where, as far as the rules leave a choice.
        preset: shape (n,), the split published with each row, -1 for rows still free. Free rows
            are divided among the splits that have none. If a group spans several splits, only its
            rows in the strictest one are kept (audit before dev before train).
        keeps_preset: leave every row where `preset` has it, whatever its group.
    Returns:
        Shape (n,), members of `SplitName`.
    Cost: linear in the rows, plus the number of groups of several rows times classes.
    """
    rng = np.random.default_rng(seed)
    splits = np.full(len(labels), int(SplitName.NOWHERE), dtype=np.int8)
    free = np.ones(len(labels), dtype=bool)
    fractions = np.array(FRACTIONS)
    if preset is not None:
        strictest = np.full(int(groups.max(initial=-1)) + 1, int(SplitName.NOWHERE))
        np.maximum.at(strictest, groups, preset)
        kept = keeps_preset | (preset == strictest[groups])
        splits[kept] = preset[kept]
        free = kept & (preset == SplitName.NOWHERE)
        fractions[np.unique(preset[preset > SplitName.TRAIN])] = 0
    rows = np.flatnonzero(free)
    splits[rows] = _divide(labels[rows], groups[rows], fractions, rng)
    return splits


def _divide(
    labels: Numbers, groups: Numbers, fractions: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    splits = np.zeros(len(labels), dtype=np.int8)
    if not len(labels):
        return splits
    classes = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=classes)
    wanted = np.array([_shares(int(count), fractions) for count in counts]).T  # (3, classes)
    missing = wanted.astype(np.float64)
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    for rows in _large_first(groups, sizes, rng):
        here = np.bincount(labels[rows], minlength=classes)
        growth = (here * (here - 2 * missing) / np.maximum(wanted, 0.5)).sum(axis=1)
        chosen = int(np.argmin(np.where(fractions > 0, growth, np.inf)))
        splits[rows] = chosen
        missing[chosen] -= here
    single = sizes[groups] == 1
    for label in range(classes):
        rows = rng.permutation(np.flatnonzero(single & (labels == label)))
        ends = np.cumsum(apportion(len(rows), np.maximum(missing[:, label], 0)))
        for split, part in enumerate(np.split(rows, ends[:-1])):
            splits[part] = split
    return splits


def _shares(count: int, fractions: npt.NDArray[np.float64]) -> Numbers:
    shares = np.rint(count * fractions / fractions.sum()).astype(np.int64)
    if count >= len(FRACTIONS):
        shares = np.maximum(shares, fractions > 0)
    shares[SplitName.TRAIN] += count - shares.sum()
    found: Numbers = shares
    return found


def _large_first(groups: Numbers, sizes: Numbers, rng: np.random.Generator) -> list[Numbers]:
    several = rng.permutation(np.flatnonzero(sizes > 1))
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    return [members[group] for group in several[np.argsort(-sizes[several], kind="stable")]]


def apportion(total: int, weights: npt.ArrayLike) -> Numbers:
    """Divide `total` into whole numbers in proportion to `weights` (largest remainders first).

    Examples:
        >>> apportion(10, [2, 1, 1]).tolist()
        [5, 3, 2]
    """
    parts = np.asarray(weights, dtype=np.float64)
    exact = total * parts / parts.sum() if parts.sum() > 0 else np.zeros_like(parts)
    whole = np.floor(exact).astype(np.int64)
    if parts.sum() == 0:
        whole[0] = total
    largest = np.argsort(whole - exact, kind="stable")
    whole[largest[: total - whole.sum()]] += 1
    return whole


def choose_labelled(labels: Numbers, count: int, *, seed: int) -> npt.NDArray[np.bool_]:
    """Mark `count` rows that keep their label, in proportion and at least one of each class.

    Raises:
        InvalidFieldError: `count` is below the number of classes, or above the number of rows.
    """
    present, sizes = np.unique(labels, return_counts=True)
    if not len(present) <= count <= len(labels):
        raise InvalidFieldError(
            "labelled",
            f"labelled={count} does not fit {len(labels)} training texts of {len(present)} "
            f"classes; choose {len(present)} to {len(labels)}",
        )
    rng = np.random.default_rng(seed)
    marked = np.zeros(len(labels), dtype=bool)
    shares = 1 + apportion(count - len(present), sizes - 1)
    for label, share in zip(present, shares, strict=True):
        marked[rng.permutation(np.flatnonzero(labels == label))[:share]] = True
    return marked


def check_usable(splits: npt.NDArray[np.int8], labels: Numbers, *, name: str, is_own: bool) -> None:
    """Check that every split has rows, and that training has two classes.

    Args:
        is_own: whether the splits are a person's own.
    Raises:
        InvalidDataError: they are not usable.
    """
    for split in SplitName.TRAIN, SplitName.DEV, SplitName.AUDIT:
        if is_own and not (splits == split).any():
            raise InvalidDataError(
                f"{name}: no row of the {split.name.lower()} split has a text and a label; choose "
                "another --split-column, or leave it out"
            )
        if not (splits == split).any():
            raise InvalidDataError(
                f"{name}: no text is left for the {split.name.lower()} split, because too many "
                "texts are near-duplicates of each other; add more distinct texts"
            )
    if len(np.unique(labels[splits == SplitName.TRAIN])) < 2:
        if is_own:
            raise InvalidDataError(
                f"{name}: the training rows of your split have only one class; choose another "
                "--split-column, or leave it out"
            )
        raise InvalidDataError(
            f"{name}: the training split has texts of only one class, because near-duplicates "
            "must stay in one split; add more distinct texts"
        )
