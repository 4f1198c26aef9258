"""Texts, or pairs of texts, as the loop takes them."""

from bort.agora.loop.values import Inputs, as_inputs
from bort.tasks import Split


def split_inputs(split: Split | None) -> Inputs:
    """Shape (n,), or (n, 2) for pairs; no split is no text."""
    if split is None:
        return as_inputs([""])[:0]
    if split.pairs is None:
        return as_inputs(split.texts)
    return as_inputs(list(zip(split.texts, split.pairs, strict=True)))


def whole_texts(inputs: Inputs) -> list[str]:
    """Texts as they are; the two texts of a pair joined."""
    if inputs.ndim == 1:
        found: list[str] = inputs.tolist()
        return found
    return [" ".join(row) for row in inputs.tolist()]
