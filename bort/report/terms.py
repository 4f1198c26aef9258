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
    "subarchitecture": Term(
        "Subarchitecture",
        "A network of the same kind as a larger one, with smaller sizes: fewer layers, or "
        "narrower ones.",
    ),
    "front": Term(
        "Pareto front",
        "The networks that no other beats: no worse in size, latency and error, and better in one.",
    ),
    "latency": Term(
        "Latency",
        "The time that a network needs for one answer, measured on one machine, for texts of "
        "one length.",
    ),
    "operations": Term(
        "Multiply-adds",
        "The work that a network does for one answer: one multiplication and one addition for "
        "each weight that an input meets.",
    ),
    "seed": Term(
        "Seed",
        "The number from which chance is drawn in a training: the order of the examples, and the "
        "first weights if they are not inherited.",
    ),
    "dev": Term(
        "Dev set",
        "The part of the data that is not trained on and by which networks are compared; a "
        "third part, the audit set, only measures, and nothing is chosen by it.",
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
    "certificate": Term(
        "Certificate",
        "What a search states in the end, with all that it rests on: every network of the space "
        "has a trained one within a factor of 1+ε in size, latency and error; or, where the goal "
        "is the largest W, that none is much larger.",
    ),
    "needle": Term(
        "Needle",
        "A network with far fewer errors than all that resemble it, so that nobody who did not "
        "train it expects them.",
    ),
    "audit": Term(
        "Audit",
        "A test of a certificate that assumes nothing: train some untrained networks drawn at "
        "random, and see whether the claim holds for them.",
    ),
    "fptas": Term(
        "FPTAS",
        "An algorithm whose answer is at most a factor of 1+ε from the best, in a time that "
        "grows no faster than a power of 1/ε and of the size of the input.",
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
    "distillation": Term(
        "Distillation",
        "Learning from the answers of a teacher, a larger trained model that says how sure it is, "
        "and not from true labels alone.",
    ),
    "agora": Term(
        "Agora",
        "A way to teach a small model from few data: find where it is wrong, make new examples "
        "there, have another model label them, and train again.",
    ),
    "betti": Term(
        "Betti numbers",
        "Counts of a shape's pieces and holes: separate pieces, loops that cannot be pulled "
        "together to a point, and hollow spaces inside.",
    ),
}
"""By the name that links use, in an order in which they can be read."""
