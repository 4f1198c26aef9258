"""Tables of several families: a column per dimension, blank for the families that lack it.

A dimension is called `family.dimension`, as `bort front --export` writes it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.core.errors import InvalidDataError
from bort.search.arrays import IntArray

if TYPE_CHECKING:
    import pandas as pd


def families_of(frame: "pd.DataFrame", dimensions: Sequence[str]) -> IntArray | None:
    """Number the family of each row, shape (N,); None if the columns are not those of families.

    Raises:
        InvalidDataError: a row lacks a dimension of its family, or has values of two.
    """
    prefixes = [name.rpartition(".")[0] for name in dimensions]
    names = list(dict.fromkeys(prefixes))
    filled = frame[list(dimensions)].notna().to_numpy()
    if len(names) < 2 or not all(names) or filled.all():
        return None
    columns = np.array([[prefix == name for prefix in prefixes] for name in names])
    begun = (filled[:, None, :] & columns[None]).any(axis=2)  # rows, families
    whole = (filled[:, None, :] | ~columns[None]).all(axis=2)
    good = (begun.sum(axis=1) == 1) & (begun == whole).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        found = [name for name, is_begun in zip(names, begun[row], strict=True) if is_begun]
        raise InvalidDataError(
            f"row {frame.index[row] + 1} must have every dimension of one family and none of "
            f"another, but has some of {' and '.join(found) or 'none'}; fill in or empty its cells"
        )
    return np.asarray(np.argmax(begun, axis=1))


def cells_of(column: "pd.Series[Any]") -> list[Any]:
    """Return the cells as the file gives them; a blank one is None."""
    if not column.isna().any():
        return column.tolist()
    filled = column.dropna()
    if filled.dtype == float and (filled == filled.round()).all():
        filled = filled.astype(int)  # a blank made floats of them
    known = dict(zip(filled.index, filled.tolist(), strict=True))
    return [known.get(row) for row in column.index]
