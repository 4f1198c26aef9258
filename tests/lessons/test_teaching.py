"""The sheets for teachers say what the lessons show."""

from pathlib import Path

from bort.lessons.epsilon.numbers import numbers as epsilon
from bort.lessons.model.numbers import numbers as model
from bort.lessons.subarchitecture.numbers import numbers as subarchitecture
from bort.lessons.torus.numbers import numbers as torus
from bort.lessons.weights.numbers import numbers as weights

DOCS = Path(__file__).parents[2] / "docs"
EXERCISES, SOLUTIONS = (
    " ".join((DOCS / name).read_text("utf-8").split())
    for name in ("teaching.md", "teaching-solutions.md")
)


def said(text: str, *sentences: str) -> None:
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_subarchitectures() -> None:
    found = subarchitecture()
    large, small, fewer = found["large"], found["small"], found["one_fewer"]
    after = large["built"] - fewer["lost"]
    said(
        EXERCISES,
        f"from {large['size']} to {small['size']}",
        f"of {large['key']}. *Observe:* the count falls from {large['built']} to {after}",
        f"Why by {fewer['lost']}, when a neuron has only {fewer['incoming']} incoming",
        f"Remove {found['pruning']['equal']} weights on the left and {found['steps']} neurons",
        f"{small['built']} parameters, but {large['operations']} and {small['operations']} mult",
    )


def test_epsilon() -> None:
    found = epsilon()
    few, fine, needle = found["few"], found["fine"], found["needle"]
    coarse, exact = found["coarse"], found["exact"]
    said(
        EXERCISES,
        f"Move ε from {coarse['epsilon']:g} to {exact['epsilon']:g}, with λ known. *Observe:* "
        f"{coarse['trained']} trainings become {exact['trained']}, of {found['count']} networks",
        f"a space with {fine['count']:,} networks instead of {found['count']}",
        f"of {found['count']} places, {needle['hidden']} are never trained",
        f"an audit of {needle['half']} networks",
    )
    said(
        SOLUTIONS,
        f"For ε = {few['epsilon']:g} the search trains {few['trained']} of {found['count']} "
        f"networks and {fine['trained']} of {fine['count']:,}, which are {fine['times']} times",
        f"in the {needle['seen']} places",
        f"In the other {needle['hidden']}",
        f"After {needle['half']} of {needle['population']} without a failure: at most "
        f"{needle['half_at_most']} of the",
    )


def test_weights_torus_and_model() -> None:
    chosen, apart, best = weights(), torus()["apart"]["knn"], model()["best"]
    said(EXERCISES, f"{chosen['fronts']} networks are on the front and {chosen['winners']} win")
    last = model()["tops"][-1]
    said(
        SOLUTIONS,
        f"Of {chosen['fronts']} networks on the front {chosen['never']} never win",
        f"{100 * apart['dev']:.1f}% on dev, {100 * apart['audit']:.1f}% on audit",
        f"{100 * best['predicted']:.1f}% with the first seed, {100 * best['realised']:.1f}% with",
        f"{100 * last['predicted']:.1f} and {100 * last['realised']:.1f}% for all",
    )
