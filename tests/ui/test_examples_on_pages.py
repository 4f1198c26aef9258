"""The finished examples on a fresh home: shown on their pages, as recorded elsewhere."""

from pathlib import Path

import pytest
from visits import Open, drawn, shown

from bort.storage import Store, Thing, ThingKind, ensure_example_jobs
from bort.studies.agora import read_run
from bort.ui.kit import readings

RECORDED = Path(__file__).parents[2] / "data" / "recorded" / "jobs"


@pytest.fixture
def examples(store: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Offer the examples; return their jobs by what they are called or, without a name, are."""
    monkeypatch.setattr("bort.core.paths.example_jobs", lambda: RECORDED)
    ensure_example_jobs(store, RECORDED)
    return {job.study or job.kind: job.id for job in readings.store().jobs()}


def test_the_files_are_small_and_contain_no_text(examples: dict[str, int], store: Store) -> None:
    assert set(examples) == {
        "agora-torus",
        "agora-movie-reviews",
        "movie-reviews-small",
        "landmarks",
    }
    for file in RECORDED.glob("*.json"):
        assert file.stat().st_size < 300_000, file
    rounds = store.agora_rounds(examples["agora-movie-reviews"])
    points = [point for one in rounds for point in one.round["points"]]
    assert len(points) > 100
    for point in points:
        assert set(point["value"]) <= {"split", "row", "edits"}
        assert all(len(words.split()) <= 3 for *_, words in point["value"].get("edits", ()))


def test_home_links_them(examples: dict[str, int], visit: Open) -> None:
    app = visit("home")
    assert not app.exception
    assert "More finished examples, recorded elsewhere" in shown(app)


def test_the_torus_is_shown_round_by_round(examples: dict[str, int], visit: Open) -> None:
    app = visit("agora", job=str(examples["agora-torus"]))
    assert not app.exception
    assert "A finished example, recorded elsewhere" in shown(app)
    assert drawn(app) >= 3
    assert not [b for b in app.button if b.key == "agora-resume"]


def test_texts_that_are_not_here_are_references(
    examples: dict[str, int], store: Store, visit: Open
) -> None:
    run = read_run(store, store.job(examples["agora-movie-reviews"]))
    assert run.lacks_texts
    assert str(run.points[0].point.value).split()[0] in ("train", "pool", "dev")
    with pytest.raises(Exception, match="bort data prepare movie-reviews"):
        run.corrected({(0, 0): None})
    app = visit("agora", job=str(run.job.id))
    assert not app.exception
    assert "bort data prepare" in shown(app)


def test_the_model_has_curves_comparison_and_no_weights(
    examples: dict[str, int], visit: Open
) -> None:
    app = visit("models")
    assert not app.exception
    text = shown(app)
    assert "A finished example, recorded elsewhere, on" in text
    assert "was recorded elsewhere, without its weights; make them with: bort finetune" in text
    assert "Curves appear after" not in text
    assert drawn(app) >= 2


def test_the_machine_is_another_one(examples: dict[str, int], visit: Open) -> None:
    app = visit("machine")
    assert not app.exception
    assert any("BERT-large" in str(frame.value.to_dict()) for frame in app.dataframe)


def test_a_deleted_example_is_not_offered_again(
    examples: dict[str, int], store: Store, visit: Open
) -> None:
    store.delete(Thing(ThingKind.JOB, str(examples["agora-torus"])))
    ensure_example_jobs(store, RECORDED)
    assert "agora-torus" not in {job.study for job in store.jobs()}
