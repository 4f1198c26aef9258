"""The lesson's family as a search, to train it afresh on the reader's machine."""

from bort.core.question import Goal, Question
from bort.core.study import SearchSpec, StudySpec, TrainingSpec
from bort.families.space import FamilySpace
from bort.lessons.costs.frames import HEADS
from bort.lessons.recorded import read

NAME = "lesson-family"


def study() -> StudySpec:
    """Train every network of the recorded family as it was recorded, but with one seed."""
    networks = read("costs")["networks"]
    sizes = {
        name: tuple(sorted({network[name] for network in networks}))
        for name in ("depth", "hidden", "intermediate")
    }
    dimensions = {"depth": sizes.pop("depth"), "heads": (HEADS,), **sizes}
    return StudySpec(
        name=NAME,
        space=FamilySpace(NAME, "bert", dimensions).to_dict(),
        training=TrainingSpec(steps=networks[0]["steps"]),
        search=SearchSpec(question=Question(goal=Goal.EXHAUSTIVE)),
    )
