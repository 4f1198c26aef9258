"""The result of training one candidate, which oracles return and the store keeps."""

from dataclasses import dataclass

from bort.core.origin import Origin


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The error of one architecture, trained once, on `n` dev examples.

    Attributes:
        error_rate: share of wrong dev examples, 0..1.
        error_se: binomial standard error of `error_rate`.
        macro_f1: unweighted mean of the classes' F1; None if the oracle does not compute it.
        steps: optimiser steps taken.
        seconds: wall-clock time of training and evaluation.
        diverged: every attempt diverged, so `error_rate` says nothing about the architecture.
        attempts: number of trainings; more than 1 if one diverged.
        wrong_items: one bit per dev example, 1 if wrong, packed by `numpy.packbits`, for
            paired intervals. Empty if the oracle has no items (tables, formulas).
        origin: what it depends on; None for tables, formulas, and trainings of an older bort.
    """

    error_rate: float
    error_se: float
    n: int
    macro_f1: float | None = None
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    diverged: bool = False
    attempts: int = 1
    wrong_items: bytes = b""
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.error_rate <= 1.0:
            raise ValueError(f"error_rate must be from 0 to 1, got {self.error_rate}")
        if not self.error_se >= 0.0:
            raise ValueError(f"error_se must be 0 or more, got {self.error_se}")
