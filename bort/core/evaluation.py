"""What training one candidate tells us: the value that oracles return and the store keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The error of one architecture, trained once, on `n` dev examples.

    Attributes:
        error_rate: share of wrong dev examples, 0..1.
        error_se: binomial standard error of `error_rate`.
        macro_f1: unweighted mean of the classes' F1, or None where the oracle has none.
        steps: optimiser steps taken.
        seconds: wall-clock time of training and evaluation.
        diverged: every attempt diverged; then `error_rate` says nothing of the architecture.
        attempts: trainings that were needed (1, or more where one diverged).
        wrong_items: one bit per dev example, 1 where wrong, packed as by `numpy.packbits`;
            what paired intervals need. Empty where the oracle has no items (tables, formulas).
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

    def __post_init__(self) -> None:
        if not 0.0 <= self.error_rate <= 1.0:
            raise ValueError(f"error_rate must lie in 0..1, got {self.error_rate}")
        if not self.error_se >= 0.0:
            raise ValueError(f"error_se must be 0 or more, got {self.error_se}")
