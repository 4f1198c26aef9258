"""Others' work on Pareto front and Models: none yet, running, done; losses first."""

from dataclasses import replace

import pytest
from made_up_models import add_model, finished_job
from made_up_rivals import COMPARISON, add_comparison
from made_up_study import fill
from visits import Open, drawn, shown

from bort.core.rivals import RivalKind
from bort.core.study import TaskSpec
from bort.storage import JobState, Store
from bort.studies.answers import read_answer
from bort.ui.models import rivals as model_rivals

TASK = TaskSpec()


def test_without_a_comparison_the_front_says_how_to_get_one(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "reviews", budget=8)
    started: list[tuple[str, dict]] = []
    monkeypatch.setattr(
        model_rivals,
        "start_detached",
        lambda _, kind, spec: started.append((kind, spec)) or add_comparison(store, TASK).id,
    )
    app = visit("pareto", study="reviews")
    assert "Nobody else&#x27;s classifiers have been made for this task" in shown(app)
    assert "bort rivals" in [code.value for code in app.code]
    app.button(key="make-rivals").click().run()
    ((kind, spec),) = started
    assert kind == "rivals"
    assert spec["task"]["task"] == "movie-reviews"
    assert list(spec["kinds"]) == [str(one) for one in RivalKind if one is not RivalKind.SETFIT]


def test_a_rival_that_is_not_installed_is_named_with_its_extra(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "reviews", budget=8)
    monkeypatch.setattr(model_rivals, "is_installed", lambda kind: kind is not RivalKind.FASTTEXT)
    app = visit("pareto", study="reviews")
    assert "Left out, because their packages are not installed: fastText, quantised." in shown(app)
    assert "bort[rivals]" in shown(app)


def test_the_front_says_losses_first_and_shows_all(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    charts = drawn(visit("pareto", study="reviews"))
    add_comparison(store, TASK)
    app = visit("pareto", study="reviews")
    assert not app.exception
    text = shown(app)
    assert text.count("Beats us") == 2  # at the top, and over the table
    assert "Others&#x27; work is not on these charts." in text  # parameters, network alone
    assert drawn(app) == charts + 3
    table = app.dataframe[-1].value
    assert table["who"].tolist()[:2] == ["good (int8)", "fastText, quantised"]
    assert table["verdict"].tolist()[:3] == ["ours", "beats us / survives", "survives"]
    assert table["bytes"].tolist()[1] == 700_000


def test_a_model_stands_first_among_ours(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    pick = read_answer(store, "reviews").front[0].id
    job = finished_job(store, "reviews", pick)
    add_model(store, "good", "reviews", pick, job_id=job.id, task_spec=TASK.to_dict())
    other = replace(COMPARISON.rows[0], name="better", accuracy=0.9)
    add_comparison(store, TASK, rows=(other, *COMPARISON.rows))
    app = visit("models")
    assert not app.exception
    assert "Beats us" in shown(app)
    assert app.dataframe[-1].value["who"].tolist()[:2] == ["good (int8)", "better (int8)"]


def test_a_model_that_was_not_there_says_so(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    pick = read_answer(store, "reviews").front[0].id
    job = finished_job(store, "reviews", pick)
    add_model(store, "new", "reviews", pick, job_id=job.id, task_spec=TASK.to_dict())
    add_comparison(store, TASK)
    assert "new is not in this comparison; compare again." in shown(visit("models"))


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.DONE, JobState.CANCELLED])
def test_the_job_is_watched_on_models(store: Store, visit: Open, state: JobState) -> None:
    job = add_comparison(store, TASK, state=state)
    app = visit("models", job=str(job.id))
    assert not app.exception
    assert "Rivals on movie-reviews" in shown(app)
    assert ("Beats us" in shown(app)) == state.is_final
    keys = {button.key for button in app.button}
    wanted = {JobState.RUNNING: "rivals-cancel", JobState.CANCELLED: "rivals-resume"}
    assert wanted.get(state, "rivals-delete") in keys


def test_the_newest_comparison_is_shown_beside_a_model_while_its_job_is_watched(
    store: Store, visit: Open
) -> None:
    fill(store, "reviews", budget=8)
    pick = read_answer(store, "reviews").front[0].id
    job = finished_job(store, "reviews", pick)
    add_model(store, "good", "reviews", pick, job_id=job.id, task_spec=TASK.to_dict())
    app = visit("models", job=str(add_comparison(store, TASK).id))
    assert not app.exception
    assert sum("verdict" in one.value for one in app.dataframe) == 2
