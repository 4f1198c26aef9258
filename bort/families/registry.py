"""The families by name."""

from collections.abc import Mapping
from typing import Any

from bort.core.errors import InvalidSpaceError
from bort.families.bert import BERT
from bort.families.convolution import CONVOLUTION
from bort.families.family import Family
from bort.families.perceptron import PERCEPTRON, TOY
from bort.families.static import STATIC
from bort.families.transformers_family import FITTED_NAMES, family_from_definition, fitted_family

_DERIVED: dict[str, Family] = {
    kind.name: kind for kind in (BERT, STATIC, CONVOLUTION, PERCEPTRON, TOY)
}

OWN_NETWORKS = (STATIC.name, CONVOLUTION.name)
"""Families that read text and that `transformers` does not know."""

FAMILY_NAMES = (BERT.name, *FITTED_NAMES, *(name for name in _DERIVED if name != BERT.name))


def family(name: str, definition: Mapping[str, Any] | None = None) -> Family:
    """The family of this name.

    Args:
        name: one of `FAMILY_NAMES`, or any other with a definition.
        definition: the result of a fit, for a family that does not come with the package; see
            `bort.families.transformers_family.family_from_definition`.
    Raises:
        InvalidSpaceError: there is none.
    """
    if definition is not None:
        return family_from_definition(definition)
    if name in FITTED_NAMES:
        return fitted_family(name)
    if name not in _DERIVED:
        raise InvalidSpaceError(unknown_family(name))
    return _DERIVED[name]


def unknown_family(name: str) -> str:
    """The error for an unknown family name."""
    return (
        f"unknown family {name!r}; choose one of {', '.join(FAMILY_NAMES)}, "
        "or a model type that transformers knows"
    )
