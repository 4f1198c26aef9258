"""The lessons in their order. To add one, add its folder and an entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bort.lessons.abnc.numbers import numbers as abnc_numbers
from bort.lessons.costs.numbers import numbers as costs_numbers
from bort.lessons.epsilon.numbers import numbers as epsilon_numbers
from bort.lessons.glossary.numbers import numbers as glossary_numbers
from bort.lessons.model.numbers import numbers as model_numbers
from bort.lessons.subarchitecture.numbers import numbers as subarchitecture_numbers
from bort.lessons.torus.numbers import numbers as torus_numbers
from bort.lessons.weights.numbers import numbers as weights_numbers

Numbers = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the overview says about a lesson, and where its numbers come from.

    Attributes:
        slug: its folder, and its name in the address.
        answers: the questions that it answers.
        minutes: how long a reader needs, questions included.
        before: what a reader should know.
        numbers: computes all its numbers; deterministic, at most a second.
    """

    slug: str
    title: str
    answers: str
    minutes: int
    before: str
    numbers: Numbers


LESSONS = (
    Lesson(
        slug="subarchitecture",
        title="What is a subarchitecture?",
        answers="What can be changed about a network, what each change saves, and how that "
        "differs from pruning.",
        minutes=8,
        before="A neural network is layers of weighted sums.",
        numbers=subarchitecture_numbers,
    ),
    Lesson(
        slug="costs",
        title="Three costs",
        answers="Why size does not tell speed, what a front is, and when a difference is real.",
        minutes=12,
        before="A model is trained on some examples and tested on others.",
        numbers=costs_numbers,
    ),
    Lesson(
        slug="epsilon",
        title="Epsilon: how close is close enough",
        answers="How a few trainings can say something about all networks, how sure that is, and "
        "how to break it.",
        minutes=15,
        before="What size, latency and error of a network are.",
        numbers=epsilon_numbers,
    ),
    Lesson(
        slug="abnc",
        title="ABnC: which part costs most",
        answers="What the papers assume about the parts of a network, where that holds, and where "
        "it does not.",
        minutes=8,
        before="What parameters of a network are.",
        numbers=abnc_numbers,
    ),
    Lesson(
        slug="weights",
        title="Weights",
        answers="How to choose one network from a front, and what a single number hides.",
        minutes=8,
        before="What a front is: a set of networks that no other beats.",
        numbers=weights_numbers,
    ),
    Lesson(
        slug="torus",
        title="Agora on the torus",
        answers="How a small model learns from few data, and when not to trust its own report.",
        minutes=12,
        before="What training and test data are.",
        numbers=torus_numbers,
    ),
    Lesson(
        slug="model",
        title="From a point to a model",
        answers="Where the first weights come from, what a teacher adds, and whether the promises "
        "of a search hold.",
        minutes=10,
        before="What layers and training are.",
        numbers=model_numbers,
    ),
    Lesson(
        slug="glossary",
        title="Glossary",
        answers="Each term in one sentence and one picture.",
        minutes=5,
        before="Nothing; look here whenever a word is new.",
        numbers=glossary_numbers,
    ),
)


def lesson(slug: str | None) -> Lesson | None:
    """Return the lesson of this name, or None."""
    return next((one for one in LESSONS if one.slug == slug), None)
