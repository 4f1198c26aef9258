"""The finished examples on a fresh home: shown on their pages, as recorded elsewhere."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_models import add_model, finished_job
from made_up_study import fill
from visits import Open, drawn, shown

from bort.core.errors import ExportError
from bort.export.folder import check_files
from bort.storage import Store, Thing, ThingKind, ensure_example_jobs, export_job, open_store
from bort.studies.answers import read_answer

RECORDED = Path(__file__).parents[2] / "data" / "recorded" / "jobs"
Offer = Callable[[Path], dict[str, int]]


@pytest.fixture
def offer(store: Store, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Offer a folder's examples, as the dashboard does; return their jobs by study."""

    def begin(folder: Path) -> dict[str, int]:
        monkeypatch.setattr("bort.core.paths.example_jobs", lambda: folder)
        ensure_example_jobs(store, folder)
        return {job.study or job.kind: job.id for job in store.jobs()}

    return begin


@pytest.fixture
def model_file(tmp_path: Path, store: Store) -> Path:
    """Record a made-up fine-tuning of another store, and return the folder with its file."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    with open_store(f"sqlite:///{tmp_path / 'elsewhere.db'}") as other:
        fill(other, "reviews", budget=8)
        pick = read_answer(other, "reviews").front[0].id
        job = finished_job(other, "reviews", pick)
        add_model(other, "small", "reviews", pick, job_id=job.id)
        (folder / "model.json").write_text(json.dumps(export_job(other, job.id)))
    return folder


def test_the_files_are_small_and_contain_no_text() -> None:
    files = sorted(RECORDED.glob("*.json"))
    assert files
    for file in files:
        assert file.stat().st_size < 500_000, file
        recorded = json.loads(file.read_text("utf-8"))
        points = [point for one in recorded["rounds"] for point in one["round"]["points"]]
        for value in (point["value"] for point in points):
            assert isinstance(value, list) or set(value) <= {"split", "row", "edits"}


def test_home_and_agora_link_them(offer: Offer, visit: Open) -> None:
    offer(RECORDED)
    app = visit("home")
    assert not app.exception
    assert "More finished examples, recorded elsewhere" in shown(app)
    app = visit("agora")
    assert not app.exception
    assert "Finished examples" in shown(app)


def test_the_torus_is_shown_round_by_round(offer: Offer, visit: Open) -> None:
    job = offer(RECORDED)["agora-torus"]
    app = visit("agora", job=str(job))
    assert not app.exception
    assert "A finished example, recorded elsewhere" in shown(app)
    assert drawn(app) >= 3
    assert "agora-resume" not in {button.key for button in app.button}


def test_a_text_run_names_the_task_that_its_map_needs(offer: Offer, visit: Open) -> None:
    job = offer(RECORDED)["agora-movie-reviews"]
    app = visit("agora", job=str(job))
    assert not app.exception
    assert "bort data prepare movie-reviews" in [code.value for code in app.code]


def test_a_model_has_curves_and_comparison_but_no_weights(
    offer: Offer, store: Store, visit: Open, model_file: Path
) -> None:
    offer(model_file)
    app = visit("models")
    assert not app.exception
    text = shown(app)
    assert "A finished example, recorded elsewhere, on made up, without its weights." in text
    assert "Its weights are not on this machine." in text
    assert any(code.value.startswith("bort finetune --study reviews") for code in app.code)
    assert "Curves appear after" not in text
    assert drawn(app) == 2
    with pytest.raises(ExportError, match="bort finetune --study reviews --pick"):
        check_files(store.model("small"))


def test_a_deleted_example_is_not_offered_again(offer: Offer, store: Store) -> None:
    store.delete(Thing(ThingKind.JOB, str(offer(RECORDED)["agora-torus"])))
    assert "agora-torus" not in offer(RECORDED)
