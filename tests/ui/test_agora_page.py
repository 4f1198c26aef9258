"""The page Agora: forms, refusals, a run from its first round to its corrections, and the map."""

import html
import json
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from made_up_runs import made_up_round, point
from made_up_study import fill
from visits import Open, shown

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.progress import Progress, Stage
from bort.core.study import TaskSpec
from bort.jobs.runtime.process import this_process
from bort.report.agora import result_sentence
from bort.report.agora_map import NO_MAP
from bort.storage import Ending, EndingCode, JobRecord, JobState, Store
from bort.storage.agora import write_places
from bort.studies.agora import read_run
from bort.ui.agora import corrections as agora_corrections
from bort.ui.agora import points as agora_points
from bort.ui.agora import readings as agora_readings
from bort.ui.agora import start as agora_start
from bort.ui.kit import job_parts

HOSTILE = "<b>Bad</b> ![x](http://outside.example/x.png)"
TORUS = {
    "study": "made-up",
    "task": "torus",
    "learner": "knn",
    "labeler": "oracle",
    "sampler": "tangent",
    "radius": 1.5,
    "rounds": 2,
    "points": None,
    "seed": 0,
}


def run_of(store: Store, *, state: JobState | None = JobState.DONE, rounds: int = 2) -> JobRecord:
    """Store a run with made-up rounds; `state` None leaves it running."""
    job = store.create_job("agora", TORUS)
    store.claim_job(job.id, job.attempt, this_process())
    points = [point([2.0, 0.5, 0.1]), point([2.0, 9.0, 0.1], "outside-radius")]
    for number in range(rounds):
        last = number == rounds - 1
        record, row = made_up_round(number, [] if last else points, is_last=last)
        store.add_agora_round(job.id, number, record, row)
    store.heartbeat(
        job.id, 1, Progress(rounds, 3, Stage.AGORA_ROUND, eta_s=3, numbers={"round": 1})
    )
    if state is not None:
        store.finish_job(
            job.id,
            1,
            state,
            ending=None if state is JobState.DONE else Ending(EndingCode.FAILED, message=HOSTILE),
        )
    return store.job(job.id)


def test_an_empty_store_shows_a_run_that_can_be_started(store: Store, visit: Open) -> None:
    app = visit("agora")
    assert not app.exception
    text = shown(app)
    assert "8 at most" in text
    assert "about 8 s" in text
    assert not app.button(key="agora-start").disabled
    assert any("bort agora run --task torus" in code.value for code in app.code)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("agora-torus.radius", 0.0, "radius must be a number above 0"),
        ("agora-torus.rounds", -1, "rounds must be a whole number of 0 or more"),
        ("agora-torus.points", -5, "points must be a whole number of 0 or more"),
        ("agora-torus.seed", -1, "seed must be a whole number from 0"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(
    store: Store, visit: Open, field: str, value: float, message: str
) -> None:
    app = visit("agora")
    app.number_input(key=field).set_value(value).run()
    assert not app.exception
    assert message in shown(app)
    assert app.button(key="agora-start").disabled


def test_starting_starts_the_job_that_the_command_would(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(given: Store, kind: str, spec: dict, study: str) -> int:
        return given.create_job(kind, {**spec, "study": study}).id

    monkeypatch.setattr(agora_start, "start_detached", start)
    app = visit("agora")
    app.selectbox(key="agora-torus.learner").set_value("knn").run()
    app.number_input(key="agora-torus.rounds").set_value(3).run()
    app.button(key="agora-start").click().run()
    assert not app.exception
    (job,) = store.jobs()
    assert job.kind == "agora"
    assert job.spec == {**TORUS, "study": "torus-knn", "labeler": "noisy-oracle", "rounds": 3}
    assert "The errors of each round will appear here" in shown(app)


def test_texts_that_are_not_here_are_looked_at_on_start(store: Store, visit: Open) -> None:
    app = visit("agora")
    app.selectbox(key="agora-task").set_value("movie-reviews").run()
    assert not app.exception
    assert "downloads them if needed" in shown(app)
    assert not app.button(key="agora-start").disabled


def test_a_file_is_checked_at_once(store: Store, visit: Open, tmp_path) -> None:
    path = tmp_path / "one-class.csv"
    path.write_text("text,label\n" + "".join(f"word {k},same\n" for k in range(60)))
    app = visit("agora")
    app.selectbox(key="agora-task").set_value("a file on this machine").run()
    assert not app.exception  # no file has been named yet
    assert app.button(key="agora-start").disabled
    app.text_input(key="agora-path").set_value(str(path)).run()
    assert not app.exception
    assert "class" in shown(app)
    assert app.button(key="agora-start").disabled


def test_a_picked_point_becomes_the_student(store: Store, visit: Open) -> None:
    fill(store, "mine", budget=4)
    app = visit("agora", study="mine", pick="2-12-96-192")
    assert not app.exception
    assert app.selectbox(key="agora-task").value == "movie-reviews"
    assert app.selectbox(key="agora-study").value == "mine"
    (code,) = [code.value for code in app.code if "agora run" in code.value]
    assert "--from-study mine --architecture 2-12-96-192" in code


def test_a_finished_run_is_read(store: Store, visit: Open) -> None:
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    assert not app.exception
    text = shown(app)
    assert result_sentence(read_run(store, job).summaries[-1].final) in text
    points, rounds = (frame.value for frame in app.dataframe)
    assert rounds["refused"].tolist() == ["1 outside radius", ""]
    assert rounds["Betti"].tolist() == ["(1, 1, 0)", "(1, 2, 1)"]
    assert rounds["surviving"].tolist() == ["the default, learning rate 0.001"] * 2
    assert points["point"].tolist() == ["0:0", "0:1"]
    assert points["generated"][0] == "2.000, 0.500, 0.100"
    assert points["student"][0] == "even band → odd band"
    assert points["parent, a dev error"][0].count(",") == 2


def test_a_run_that_found_no_errors_says_that_it_has_no_points(store: Store, visit: Open) -> None:
    job = run_of(store, rounds=1)
    app = visit("agora", job=str(job.id))
    assert not app.exception
    assert "None. No round found dev errors" in shown(app)


def test_points_are_filtered(store: Store, visit: Open) -> None:
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    app.selectbox(key=f"agora-verdict:{job.id}").set_value("outside-radius").run()
    assert app.dataframe[0].value["point"].tolist() == ["0:1"]


def test_the_map_is_there_at_once_and_in_space_on_the_torus(
    store: Store, visit: Open, monkeypatch
) -> None:
    monkeypatch.setattr("bort.agora.torus.world.DEV", 60)
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    assert not app.exception
    assert "coordinates on the torus" in shown(app)
    view = map_of(app, job)
    assert len(view["chunks"]) == 3  # the dev items and two rounds
    assert view["rounds"][0].startswith("The student gets 150 dev items wrong. 2 points")
    assert view["pick"] is None


def map_of(app, job: JobRecord) -> dict:
    """Read what the page sends to the map."""
    found = (json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.json)
    return next(data for data in found if data.get("name") == f"agora-map:{job.id}")


def test_a_link_shows_the_round_and_the_point(store: Store, visit: Open, monkeypatch) -> None:
    monkeypatch.setattr("bort.agora.torus.world.DEV", 60)
    job = run_of(store)
    app = visit("agora", job=str(job.id), point="0:1", round="0")
    assert (map_of(app, job)["pick"], map_of(app, job)["round"]) == ("0:1", 0)
    text = shown(app)
    assert "point 0:1" in text
    assert "refused before it got a label" in text
    app = visit("agora", job=str(job.id), point="dev:3")
    assert "dev item 3" in shown(app)
    assert "2 points were sampled near it" in shown(app)


def test_a_lasso_selects_points_to_correct_at_once(store: Store, visit: Open) -> None:
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    app.session_state[f"agora-chosen:{job.id}"] = [0, 1]
    app.run()
    assert not app.exception
    assert "2 points are selected; 1 never got a label" in shown(app)
    assert app.dataframe[0].value["point"].tolist() == ["0:0", "0:1"]
    app.button(key="agora-reject").click().run()
    assert "reject 0:0" in shown(app)
    app.button(key="agora-unselect").click().run()
    assert "are selected" not in shown(app)


def test_a_run_without_a_round_says_what_to_do(store: Store, visit: Open) -> None:
    job = run_of(store, state=JobState.FAILED, rounds=0)
    app = visit("agora", job=str(job.id))
    assert not app.exception
    text = shown(app)
    assert "It ended early: &lt;b&gt;Bad" in text
    assert "Resume it or set up another" in text
    assert app.button(key="agora-resume")


def test_a_running_one_is_watched(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(job_parts, "cancel", lambda _store, job, **_: asked.append(job))
    job = run_of(store, state=None)
    app = visit("agora", job=str(job.id))
    assert "at most 3 s left" in shown(app)
    app.button(key="agora-cancel").click().run()
    assert asked == [job.id]


def test_another_kind_of_job_is_not_shown_as_a_run(store: Store, visit: Open) -> None:
    job = store.create_job("latency", {})
    text = shown(visit("agora", job=str(job.id)))
    assert f"Job {job.id} is a latency job and is shown on another page." in text
    assert "no job 99" in shown(visit("agora", job="99"))


def test_corrections_are_replayed_as_a_new_job(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(given: Store, kind: str, spec: dict, study: str | None) -> int:
        return given.create_job(kind, {**spec, "study": study}).id

    monkeypatch.setattr(agora_corrections, "start_detached", start)
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    app.session_state[f"agora-corrections:{job.id}"] = {(0, 0): None}
    app.run()
    assert "reject 0:0" in shown(app)
    app.button(key="agora-replay").click().run()
    assert not app.exception
    replayed = max(store.jobs(), key=lambda found: found.id)
    assert replayed.spec["replay"] == {"job": job.id, "corrections": [[0, 0, None]]}
    assert f"replays job {job.id} with corrections" in shown(app)


def test_a_correction_that_cannot_be_made_is_refused(store: Store, visit: Open) -> None:
    job = run_of(store)
    app = visit("agora", job=str(job.id))
    app.session_state[f"agora-corrections:{job.id}"] = {(0, 1): 1}
    app.run()
    app.button(key="agora-replay").click().run()
    assert not app.exception
    assert "cannot be relabelled" in shown(app)
    assert len(store.jobs()) == 1


def reviews(path: Path) -> Path:
    """Write a data file with two classes that single words tell apart."""
    rows = [f"a {'fine' if k % 2 else 'dull'} film number {k},{k % 2}" for k in range(240)]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


def test_a_run_on_texts_is_checked_and_its_cost_told(
    store: Store, visit: Open, tmp_path: Path
) -> None:
    app = visit("agora")
    app.selectbox(key="agora-task").set_value("a file on this machine").run()
    app.text_input(key="agora-path").set_value(str(reviews(tmp_path / "reviews.csv"))).run()
    app.number_input(key="agora-text.labelled").set_value(60).run()
    assert not app.exception
    text = shown(app)
    assert "3,300 steps at most" in text  # 7 rounds of 300, and 4 times 300 for the last student
    assert "not known yet" in text
    assert not app.button(key="agora-start").disabled
    app.text_input(key="agora-text.architecture").set_value("2-3-128-512").run()
    assert not app.exception
    assert app.button(key="agora-start").disabled


def test_generated_texts_are_shown_as_text_beside_their_parents(
    store: Store, visit: Open, tmp_path: Path
) -> None:
    spec = TextSpec(
        study="texts",
        task=TaskSpec(task=str(reviews(tmp_path / "reviews.csv"))),
        space=small_space("2-2-32-64", {}).to_dict(),
        architecture="2-2-32-64",
    )
    job = store.create_job("agora", spec.to_dict())
    store.claim_job(job.id, job.attempt, this_process())
    record, row = made_up_round(0, [point(HOSTILE), point("🙂 " * 5_000)])
    store.add_agora_round(job.id, 0, record, row)
    store.add_agora_round(job.id, 1, *made_up_round(1, [], is_last=True))
    store.finish_job(job.id, 1, JobState.DONE, result={"described": {"class_names": ["-", "+"]}})
    app = visit("agora", job=str(job.id))
    assert not app.exception
    points = app.dataframe[0].value
    assert points["generated"][0] == HOSTILE
    assert len(points["generated"][1]) == agora_points.CELL_CHARACTERS
    assert "film number" in points["parent, a dev error"][0]
    assert points["label"].tolist() == ["+", "+"]
    assert NO_MAP in html.unescape(shown(app))
    dev = len(agora_readings.dev(job).values)
    rng = np.random.default_rng(0)
    kept = {"tsne-kept": np.array([0.4, 0.1]), "pca-kept": np.array([0.2, 0.1])}
    write_places(job, None, {**{k: rng.normal(size=(dev, 2)) for k in ("tsne", "pca")}, **kept})
    places = {k: rng.normal(size=(2, 2)) for k in ("tsne", "pca")}
    write_places(job, 0, {**places, "off": np.array([0.0, 1.0])})
    app = visit("agora", job=str(job.id), point="0:0")
    assert not app.exception
    assert "40% of an item" in shown(app)
    assert HOSTILE in html.unescape(shown(app))
    app.segmented_control(key="agora-map-kind:None").set_value("pca").run()
    assert not app.exception
    assert "20% of an item" in shown(app)
    (job.folder / "map" / "round-0000.npz").write_bytes(b"torn")
    st.cache_resource.clear()
    assert not visit("agora", job=str(job.id)).exception
    (tmp_path / "reviews.csv").unlink()
    st.cache_resource.clear()
    app = visit("agora", job=str(job.id))
    assert not app.exception
    assert "Put its file back" in shown(app)
