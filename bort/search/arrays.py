"""Names for the arrays that the search exchanges."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def frozen(values: npt.ArrayLike, dtype: type = float) -> npt.NDArray[np.generic]:
    """Make a contiguous private copy that cannot be written to."""
    array: npt.NDArray[np.generic] = np.array(values, dtype=dtype, order="C", copy=True)
    array.setflags(write=False)
    return array


LARGEST_GAP = 700.0  # exp of more is no number; a gap this wide certifies nothing
