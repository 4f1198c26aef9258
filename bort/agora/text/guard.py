"""The leakage guard for texts: near-duplicates of audit texts never enter the training set."""

import numpy as np

from bort.agora.loop.guards import COPY_OF_DEV, NEAR_AUDIT
from bort.agora.loop.values import BoolArray, Inputs
from bort.agora.text.inputs import whole_texts
from bort.tasks.near_duplicates import NearDuplicateIndex, normalise


class NearDuplicateGuard:
    """Refuses near-duplicates of audit texts, and copies of dev texts.

    Near-duplicate is as `bort.tasks.near_duplicates` defines it; a copy is a text that is equal
    after normalising case, spaces and punctuation. What lies nearer to a dev text than that is
    what Agora samples: it is allowed, and counted (`is_near_dev`).

    Args:
        audit: texts, or pairs of texts. The guard looks here so that the loop need not.
        dev: texts, or pairs of texts.
    """

    def __init__(self, audit: Inputs, dev: Inputs) -> None:
        self._audit = NearDuplicateIndex(whole_texts(audit))
        self._dev = NearDuplicateIndex(whole_texts(dev))
        self._copies = {normalise(text) for text in whole_texts(dev)}

    def __call__(self, inputs: Inputs) -> list[str | None]:
        """For each text why it is refused, or None."""
        texts = whole_texts(inputs)
        return [
            NEAR_AUDIT if near else COPY_OF_DEV if normalise(text) in self._copies else None
            for text, near in zip(texts, self._audit.matches(texts), strict=True)
        ]

    def is_near_dev(self, inputs: Inputs) -> BoolArray:
        """Shape (n,): which are near-duplicates of a dev text."""
        return np.array([bool(near) for near in self._dev.matches(whole_texts(inputs))], dtype=bool)
