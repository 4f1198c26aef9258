"""What size means: parameters, parameters without embeddings, or bytes of the exported files."""

from collections.abc import Mapping

import numpy as np

from bort.core.errors import InvalidFieldError
from bort.core.size import SizeSpec, SizeUnit
from bort.families.polynomial import IntArray
from bort.families.space import FamilySpace, SearchSpace


def sizes_of(space: SearchSpace, size: SizeSpec) -> IntArray:
    """Sizes in a unit, shape (N,); of bytes, those of the weights and of tokenizer.json.

    While nobody has counted the tokenizers, those of the weights alone.

    Raises:
        InvalidFieldError: a family has no such size.
    """
    return np.concatenate([_sizes(part, size) for part in space.parts])


def countable(space: SearchSpace, size: SizeSpec) -> tuple[SizeUnit, ...]:
    """Return the units in which a space's sizes can be counted, with the bytes that `size` knows.

    Examples:
        >>> from bort.families import load_space
        >>> [str(unit) for unit in countable(load_space("minilm"), SizeSpec())]
        ['parameters', 'effective-parameters']
    """
    families = [part.family for part in space.parts]
    has_embeddings = all(family.embedding.terms for family in families)
    has_files = all(family.weight_bytes is not None for family in families)
    units = [SizeUnit.PARAMETERS]
    if has_embeddings:
        units.append(SizeUnit.EFFECTIVE)
    if has_files and size.tokenizer_bytes is not None:
        units += [SizeUnit.FLOAT32, SizeUnit.INT8]
    return tuple(units)


def _sizes(space: FamilySpace, size: SizeSpec) -> IntArray:
    if size.unit is SizeUnit.PARAMETERS:
        return space.parameter_count
    if size.unit is SizeUnit.EFFECTIVE:
        if not space.family.embedding.terms:
            raise InvalidFieldError(
                "size",
                f"networks of the family {space.family.name!r} have no embeddings to leave "
                "out; choose --size parameters",
            )
        return space.effective_parameter_count
    is_int8 = size.unit is SizeUnit.INT8
    weights = space.family.file_bytes(space.columns, space.fixed, is_int8=is_int8)
    if size.tokenizer_bytes is None:
        return weights
    return weights + _tokenizer_bytes(space, size.tokenizer_bytes)


def _tokenizer_bytes(space: FamilySpace, known: Mapping[str, int]) -> IntArray:
    """Bytes of tokenizer.json by architecture, shape (N,)."""
    sizes, places = np.unique(space.vocabulary_sizes, return_inverse=True)
    if missing := [size for size in sizes.tolist() if str(size) not in known]:
        raise InvalidFieldError(
            "size",
            f"the bytes of the tokenizer with {missing[0]} pieces are missing; search again",
        )
    return np.array([known[str(size)] for size in sizes.tolist()])[places]
