"""Turn the columns of a user's data into checked, cleaned rows, ready to be split."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from bort.core.errors import InvalidDataError
from bort.tasks.files import encodable
from bort.tasks.splits import leakage_groups
from bort.tasks.table import RowReport, Table, folded, visible

SMALLEST = 20  # usable rows: 15% of 20 are the three texts of dev, and of audit
EMPTY_TEXT, MISSING_TEXT, MISSING_LABEL = "empty text", "missing text", "missing label"
WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
BLANK = "neither text nor label"


def _number(row: int) -> str:
    return f"row {row + 1}"


def build_table(
    name: str,
    texts: Sequence[Sequence[Any]],
    labels: Sequence[Any],
    *,
    columns: tuple[tuple[str, ...], str],
    place: Callable[[int], str] = _number,
    class_names: Sequence[str] | None = None,
    preset: Sequence[int] | None = None,
    left_out: Sequence[str | None] | None = None,
    other_parts: Mapping[str, int] | None = None,
) -> Table:
    """Check and clean rows; drop and count those without a text or label.

    Args:
        name: the data's name in messages.
        texts: one or two columns of n values.
        labels: n values: text, whole numbers or booleans; None if missing.
        columns: names of the text columns and of the label column, for messages.
        place: says where a row is in the data, for messages.
        class_names: needed if `labels` are positions in it (ClassLabel features).
        preset: n published splits (`SplitName`), or None.
        left_out: why each row is not to be used, None where it is; None uses all.
        other_parts: `preset` is a person's own, to be kept even where near-duplicates are in
            several splits; rows by the names of its other parts, which are left out.
    Raises:
        InvalidDataError: too few usable rows, only one class, or a value is not a text or label.
    """
    text_columns, label_column = columns
    dropped: Counter[str] = Counter()
    kept: list[int] = []
    cleaned: list[tuple[str, ...]] = []
    names: list[Any] = []
    for row, label in enumerate(labels):
        if left_out is not None and (excluded := left_out[row]) is not None:
            dropped[excluded] += 1
            continue
        parts = [
            as_text(values[row], f"{name}: column {column!r}, {place(row)}")
            for values, column in zip(texts, text_columns, strict=True)
        ]
        found = as_label(label, f"{name}: column {label_column!r}, {place(row)}")
        reason = _why_dropped(parts, found)
        if reason is not None:
            dropped[reason] += 1
            continue
        kept.append(row)
        cleaned.append(tuple(part for part in parts if part is not None))
        names.append(found)
    _check_rows(name, len(labels), len(kept), dropped)
    codes, found_names = _encode(name, names, label_column, class_names)
    joined = [" ".join(parts) for parts in cleaned]
    groups, templated = leakage_groups(joined, codes)
    return Table(
        texts=tuple(parts[0] for parts in cleaned),
        pairs=tuple(parts[1] for parts in cleaned) if len(texts) == 2 else None,
        labels=codes,
        groups=groups,
        class_names=found_names,
        report=RowReport(
            rows_read=len(labels),
            rows_used=len(kept),
            dropped=dict(dropped),
            documents=None,
            groups=len(np.unique(groups)),
            templated=templated,
            is_own_split=other_parts is not None,
            other_parts=other_parts or {},
            contradicting=_contradicting(cleaned, codes.tolist()),
        ),
        preset=None if preset is None else np.array(preset, dtype=np.int64)[kept],
    )


def as_text(value: Any, where: str) -> str | None:
    """Clean a cell as a task's texts are cleaned; None if it is missing.

    Raises:
        InvalidDataError: it is no text.
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str):
        text = encodable(value).strip()
        return text if visible(text).strip() else ""
    if isinstance(value, int | float):
        return str(value)
    raise InvalidDataError(
        f"{where} contains a {type(value).__name__}, not text; name a text column with --text"
    )


LONGEST_NAME = 200  # characters of a class name


def as_label(value: Any, where: str) -> str | int | None:
    """Return a label that does not depend on the file's format: 1, 1.0 and "1.0" are all "1".

    Whole numbers stay numbers, because those of a hub data set are positions in its class names.
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str):
        if len(value) > LONGEST_NAME:
            raise InvalidDataError(
                f"{where} contains a text of {len(value):,} characters, which is not the name of a "
                "class; name the column with the labels with --label"
            )
        return as_whole(encodable(value).strip()) or None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and np.isfinite(value):
        return as_whole(str(value))
    raise InvalidDataError(
        f"{where} contains {str(value)[:40]!r}, which is not a class; labels must be text or "
        "numbers"
    )


def as_whole(label: str) -> str:
    """Drop zeros after the point, which a spreadsheet adds if the column has a blank cell."""
    whole = WHOLE.fullmatch(label)
    return whole[1] if whole else label


def _why_dropped(texts: Sequence[str | None], label: str | int | None) -> str | None:
    if label is None and not any(texts):
        return BLANK
    if any(text is None for text in texts):
        return MISSING_TEXT
    if not all(texts):
        return EMPTY_TEXT
    return MISSING_LABEL if label is None else None


def _check_rows(name: str, read: int, used: int, dropped: Counter[str]) -> None:
    reasons = ", ".join(f"{count} with {reason}" for reason, count in dropped.items())
    if read and not used:
        raise InvalidDataError(f"{name}: none of the {read} rows can be used ({reasons})")
    if used < SMALLEST:
        found = f"{used} usable rows" + (f" of {read} ({reasons})" if dropped else "")
        raise InvalidDataError(
            f"{name}: {found}, but at least {SMALLEST} are needed to make three splits; add rows"
        )


def _contradicting(texts: Sequence[tuple[str, ...]], labels: Sequence[Any]) -> int:
    """Count the rows whose text also occurs with another label."""
    keys = [tuple(map(folded, parts)) for parts in texts]
    found: dict[tuple[str, ...], set[Any]] = {}
    for key, label in zip(keys, labels, strict=True):
        found.setdefault(key, set()).add(label)
    return sum(len(found[key]) > 1 for key in keys)


def _encode(
    name: str, labels: Sequence[Any], column: str, class_names: Sequence[str] | None
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], tuple[str, ...]]:
    if class_names is not None and all(isinstance(label, int) for label in labels):
        present = sorted(set(labels))
        names = [str(class_names[label]) for label in present]
    else:
        labels = [str(label) for label in labels]
        if {label.casefold() for label in labels} <= {"false", "true"}:
            labels = [label.capitalize() for label in labels]  # other programs write true or TRUE
        present = sorted(set(labels), key=_in_order)
        names = list(present)
    if len(present) < 2:
        raise InvalidDataError(
            f"{name}: column {column!r} contains only one class ({names[0][:40]!r}); a task "
            "needs at least two"
        )
    if len(present) > len(labels) / 2:
        raise InvalidDataError(
            f"{name}: column {column!r} contains {len(present)} different values in "
            f"{len(labels)} rows, too many to be classes; name the label column with --label"
        )
    numbers = {label: number for number, label in enumerate(present)}
    return np.array([numbers[label] for label in labels], dtype=np.int64), tuple(names)


def _in_order(label: str) -> tuple[int, float, str]:
    """Sort class names: numbers by value, then all other names."""
    is_number = len(label) < 20 and NUMBER.fullmatch(label)
    return (0, float(label), label) if is_number else (1, 0, label)
