"""Texts and labels as people have them: lists, arrays, series, frames and data sets."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bort.core.errors import InvalidDataError
from bort.export.predicting import is_complete
from bort.latency.workload import Text

Columns = list[list[Any]]


class Labelled(NamedTuple):
    """One column of texts, or two of pairs, and their labels."""

    columns: Columns
    labels: list[Any]


def labelled(texts: Any, labels: Any) -> Labelled:
    """Read texts and labels.

    Args:
        texts: n texts or pairs as a list, numpy array, pandas series or frame, or
            `datasets.Dataset`.
        labels: n labels, or the name of the column of `texts` that has them.
    Raises:
        InvalidDataError: a column is missing, or there are more than two of texts.
    """
    if isinstance(labels, str):
        table = _table(texts)
        if table is None or labels not in table:
            raise InvalidDataError(
                f"there is no column {labels!r} of labels; the columns are "
                f"{', '.join(map(repr, table or ())) or 'none'}"
            )
        return Labelled(_columns({k: v for k, v in table.items() if k != labels}), table[labels])
    return Labelled(text_columns(texts), _values(labels, "labels"))


def text_columns(texts: Any) -> Columns:
    """Read n texts as one column, or n pairs as two; see `labelled` for the kinds."""
    if isinstance(texts, str):
        raise InvalidDataError(
            f"a list of texts is needed, got one text, {texts[:40]!r}; write it in a list"
        )
    table = _table(texts)
    if table is not None:
        return _columns(table)
    values = _values(texts, "texts")
    pairs = [value for value in values if isinstance(value, list | tuple | np.ndarray)]
    if not pairs:
        return [values]
    if len(pairs) < len(values) or any(len(pair) not in (1, 2) for pair in pairs):
        raise InvalidDataError(
            "each entry must be a text, or each must be a pair of two texts; got a mixture"
        )
    return [list(column) for column in zip(*map(tuple, pairs), strict=True)]


def complete_texts(texts: Any) -> list[Text]:
    """Read n texts or pairs that a model can classify.

    Raises:
        InvalidDataError: one is missing or empty, or no text.
    """
    columns = text_columns(texts)
    rows: list[Text] = list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))
    for row, parts in enumerate(zip(*columns, strict=True)):
        if not all(isinstance(part, str) for part in parts):
            found = next(part for part in parts if not isinstance(part, str))
            raise InvalidDataError(
                f"row {row} is no text but a {type(found).__name__} ({str(found)[:40]!r}); "
                "convert it to a string"
            )
        if not is_complete(rows[row]):
            raise InvalidDataError(f"the text in row {row} is empty; leave the row out")
    return rows


def _table(given: Any) -> Mapping[str, list[Any]] | None:
    """Read the columns of a frame or data set; None if it is neither."""
    if hasattr(given, "column_names") and hasattr(given, "features"):  # datasets.Dataset
        return {name: list(given[name]) for name in given.column_names}
    if hasattr(given, "columns") and hasattr(given, "to_dict"):  # pandas.DataFrame
        return {str(name): _values(given[name], "texts") for name in given.columns}
    return None


def _columns(table: Mapping[str, list[Any]]) -> Columns:
    if not 1 <= len(table) <= 2:
        raise InvalidDataError(
            f"one column of texts or two are needed, got {len(table)} "
            f"({', '.join(table)}); choose them, as in frame[['text']]"
        )
    return list(table.values())


def _values(given: Any, what: str) -> list[Any]:
    if hasattr(given, "isna") and hasattr(given, "tolist"):  # a pandas.Series, whatever its type
        return [None if gone else v for v, gone in zip(given.tolist(), given.isna(), strict=True)]
    if isinstance(given, np.ndarray):
        array = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
        return list(array.tolist())
    try:
        return [v.item() if isinstance(v, np.generic) else v for v in given]
    except TypeError:
        raise InvalidDataError(
            f"{what} must be a list, an array or a series, got {type(given).__name__}"
        ) from None


def as_labels(values: Sequence[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """Make an array of labels, of their own type."""
    kinds = {type(value) for value in values}
    return np.array(values, dtype=None if len(kinds) == 1 else object)
