"""A space of several families from a search with real trainings to exported models."""

from dataclasses import replace

import pytest
from fake_machine import FakeMachine

from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.question import Question
from bort.core.serialise import to_json
from bort.core.study import SearchSpec
from bort.export.folder import export_huggingface
from bort.export.onnx import export_onnx
from bort.export.predicting import Predictor
from bort.families import FamilySpace, SearchSpace, UnionSpace
from bort.jobs import run_here
from bort.latency.space import measure
from bort.search.check.verify import verify
from bort.storage import open_store
from bort.studies.answers import read_answer
from bort.studies.answers.compare import compare_with_store
from bort.studies.answers.read import study_certificate
from bort.studies.interchange import evaluation_rows

pytestmark = pytest.mark.usefixtures("fake_latency")

PARTS = {
    "static": {"vocabulary": (28, 35), "hidden": (4, 8)},
    "convolution": {
        "vocabulary": (28,),
        "hidden": (4,),
        "channels": (4, 6),
        "width": (3,),
        "depth": (1,),
    },
    "bert": {"depth": (1, 2), "heads": (2,), "hidden": (8,), "intermediate": (16,)},
}
PICKS = ("static-28-8", "convolution-28-4-6-3-1", "bert-1-2-8-16")
TEXTS = ["a lovely film", "the plot was dull and the ending silly", "great and never seen"]


@pytest.fixture
def study(study_spec):
    """A study of a space of three families, nothing evaluated yet."""
    fixed = {"bert": {"vocabulary": 35, "positions": 32}}
    parts = [
        FamilySpace("mixed", name, sizes, fixed.get(name, {})) for name, sizes in PARTS.items()
    ]
    space = UnionSpace("mixed", tuple(parts))
    return replace(
        study_spec,
        space=space.to_dict(),
        training=replace(study_spec.training, steps=30),
        search=SearchSpec(question=Question(epsilon=0.5)),
    )


@pytest.fixture
def store(home, study):
    """A store with a profile for the space."""
    space = SearchSpace.from_dict(study.space)
    steps = measure(
        space, study.latency, count=8, name="mine", instruments=FakeMachine().instruments
    )
    profile = list(steps)[-1].result
    with open_store() as store:
        store.put_profile(profile.to_dict(), profile.name)
        yield store


def test_a_mixed_space_is_searched_certified_and_fine_tuned(store, study, tmp_path):
    study = replace(study, latency=replace(study.latency, profile="mine"))
    answer = run_here(store, "search", study.to_dict(), study="tiny")
    assert answer["space_size"] == 8
    assert answer["certified_epsilon"] is not None
    points = {point.id: point for point in read_answer(store, "tiny").points}
    families = {name.split("-")[0] for name in points}
    assert families == set(PARTS)
    assert points["static-28-4"].architecture == {"static.vocabulary": 28, "static.hidden": 4}
    certificate = study_certificate(store, "tiny")
    assert verify(certificate) == []
    assert compare_with_store(certificate, store) == []
    rows = evaluation_rows(read_answer(store, "tiny"))
    assert {"static.hidden", "bert.depth"} <= {name for row in rows for name in row}

    spec = FineTuneSpec(
        study="tiny",
        picks=PICKS,
        tasks=(study.task,),
        training=study.training,
        latency=study.latency,
        space=study.space,
        recipe=Recipe(distil_steps=60, steps=20, copies=1, evaluations=2),
        compare=False,
    )
    run_here(store, "finetune", spec.to_dict(), study="tiny")
    models = {model.architecture_id: model for model in store.models(study="tiny")}
    assert set(models) == set(PICKS)
    space = SearchSpace.from_dict(study.space)
    for pick, model in models.items():
        export_huggingface(model, tmp_path / pick)
        expected = Predictor(model.folder)(TEXTS)
        assert [a.label for a in Predictor(tmp_path / pick)(TEXTS)] == [a.label for a in expected]
        card = (tmp_path / pick / "README.md").read_text("utf-8")
        assert ("transformers" in card.split("---")[1]) == pick.startswith("bert")
        architecture = space.named(pick)
        count = space.parameter_count[space.index(architecture)]
        assert f"{count:,} parameters ({architecture.family}, " in card
        onnx = to_json(export_onnx(model, tmp_path / f"{pick}-onnx", measure=False))
        assert onnx["parity"]["float32"]["same_answers"] == 1


def test_picks_are_divided_by_what_they_learn_from(study):
    spec = FineTuneSpec(
        study="tiny",
        picks=PICKS,
        tasks=(study.task,),
        training=study.training,
        latency=study.latency,
        space=study.space,
    )
    parts = spec.by_kind()
    assert sorted(pick for part in parts for pick in part.picks) == sorted(PICKS)
    bert, others = sorted(parts, key=lambda part: not part.picks[0].startswith("bert"))
    assert all(pick.startswith("bert") for pick in bert.picks)
    assert not any(pick.startswith("bert") for pick in others.picks)
    assert (bert.distil_epochs, others.distil_epochs) == (1.0, 2.0)
    texts = (100, 5_000, 10_000, 50_000)
    assert [bert.copies_of(n) for n in texts] == [8] * 4
    assert [others.copies_of(n) for n in texts] == [24, 10, 8, 8]
    asked = replace(others, recipe=Recipe(copies=0, distil_epochs=0.5))
    assert (asked.copies_of(100), asked.distil_epochs) == (0, 0.5)
