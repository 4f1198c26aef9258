"""The terms that screens and lessons explain, one sentence each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the field.

    Attributes:
        name: how screens write it.
        says: what it means, in one sentence that needs no other term.
    """

    name: str
    says: str


TERMS: Mapping[str, Term] = {
    "front": Term(
        "Pareto front",
        "The networks that no other beats: no worse in size, latency and error, and better in one.",
    ),
    "epsilon": Term(
        "ε, epsilon",
        "How close is close enough: 0.25 accepts 25% larger, 25% slower and 25% more errors.",
    ),
    "cover": Term(
        "Cover",
        "A few trained networks such that every network has one of them within a factor of 1+ε "
        "in size, latency and error.",
    ),
    "lambda": Term(
        "λ, lambda",
        "How fast the error can change when a network's sizes change: doubling a size changes the "
        "error by at most a factor of 2 to the power of λ.",
    ),
    "tau": Term(
        "τ, tau",
        "How much two trainings of one network may differ only because of their random seeds.",
    ),
    "w": Term(
        "W, the W-coefficient",
        "One number for a network: the share of size saved, times the share of latency saved, "
        "divided by the error.",
    ),
    "abnc": Term(
        "ABnC",
        "The property that the middle layers of a network cost more than its first part and more "
        "than its last, in parameters and in operations.",
    ),
    "audit": Term(
        "Audit",
        "A test of a certificate that assumes nothing: train some untrained networks drawn at "
        "random, and see whether the claim holds for them.",
    ),
    "betti": Term(
        "Betti numbers",
        "Counts of a shape's pieces and holes: separate pieces, loops that cannot be pulled "
        "together to a point, and hollow spaces inside.",
    ),
}
"""By the name that links use, in an order in which they can be read."""
