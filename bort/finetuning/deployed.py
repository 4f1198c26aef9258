"""The files of a trained model as they are deployed: measured from text to label, and the fastest.

Pure values; `bort.export.fastest` measures them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bort.core.rivals import PerText

MOST_LOSS = 0.01  # of accuracy on dev against the best file; whoever loses more is not as good
SINGLE, BATCH = "1", "32"  # texts at once


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFile:
    """One file of a model.

    Attributes:
        runtime: what runs it and in which number format, `onnx-float32` or `numpy-int8`.
        size_bytes: of the weights and of tokenizer.json.
        dev_accuracy: its own share of right answers on dev.
        latency: milliseconds per text, by texts at once (`SINGLE`, `BATCH`).
    """

    runtime: str
    size_bytes: int
    dev_accuracy: float
    latency: Mapping[str, PerText]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """All files of a model that were timed in the same rounds, on one thread.

    Attributes:
        files: at least one.
        texts: dev texts that each file answered.
        machine: `Fingerprint.to_dict()` of the machine that they were timed on.
        noise_ok: whether that machine was quiet.
    """

    files: tuple[DeployedFile, ...]
    texts: int
    machine: Mapping[str, Any]
    noise_ok: bool

    @property
    def fastest(self) -> DeployedFile:
        """The fastest file for single texts among those that answer as well as the best one.

        A file within noise of it that is smaller comes before it.
        """
        best = max(file.dev_accuracy for file in self.files)
        equals = [file for file in self.files if file.dev_accuracy >= best - MOST_LOSS]
        first = min(equals, key=lambda file: file.latency[SINGLE].median_ms)
        within = [f for f in equals if f.latency[SINGLE].low_ms <= first.latency[SINGLE].high_ms]
        return min(within, key=lambda file: file.size_bytes)
