"""The page This machine: forms, refusals, verdicts, profiles and landmarks, empty and full."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_up_study import fill, made_up_profile
from streamlit.testing.v1 import AppTest
from visits import Open, drawn, shown

from bort.core.locks import measuring
from bort.core.progress import Progress, Stage
from bort.families import SearchSpace, load_space
from bort.jobs.runtime.process import this_process
from bort.latency.landmarks import LandmarkTiming, Verdict
from bort.latency.noise import Noise, NoiseReading
from bort.latency.profile import LatencyProfile, Measurement
from bort.latency.protocol import Latency
from bort.latency.stored import keep_profile
from bort.report.latency import claim_sentence, noise_sentence, warning_sentence
from bort.storage import Ending, EndingCode, JobState, Store
from bort.studies.answers import misfit, read_answer, redrawn
from bort.ui.machine import form as machine_form

QUIET = NoiseReading(1.0, 0.1, 0.01, 0.03)
BUSY = NoiseReading(1.0, 0.9, 0.6, 0.8)
HOSTILE = "<b>Bad</b> ![x](http://outside.example/x.png)"


@pytest.fixture(autouse=True)
def lock(tmp_path, monkeypatch):
    """Use a separate lock file, because another process may be measuring."""
    path = tmp_path / "measuring.lock"
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: path)
    return path


def profile(name: str, *, busy: bool = False, factor: float = 1.0) -> LatencyProfile:
    space: SearchSpace = load_space("minilm")
    made_up = made_up_profile(space)
    predicted = made_up.predict(space).median_ms * factor
    measurements = tuple(
        Measurement(
            space.architecture(row).as_dict(),
            Latency(ms, 0.97 * ms, 1.03 * ms, 1.1 * ms, ms, 60),
            fitted=row % 2 == 0,
        )
        for row in range(0, 384, 16)
        if (ms := float(predicted[row]) * (1.02 if row % 3 else 0.98))
    )
    noise = Noise(BUSY, BUSY, 0.6, 0.4, -0.3) if busy else Noise(QUIET, QUIET, 0.01, 0.02, -0.1)
    return replace(made_up, name=name, measurements=measurements, noise=noise)


def test_an_empty_store_says_what_to_do(store: Store, visit: Open) -> None:
    app = visit("machine")
    assert not app.exception
    text = shown(app)
    assert "No profile is stored yet" in text
    assert "Not measured yet" in text
    assert "Takes about" in text
    assert not app.button(key="measure-start").disabled


def test_known_latencies_are_above_the_form(store: Store, visit: Open) -> None:
    store.put_profile(profile("here").to_dict(), "here")
    assert [part.value for part in visit("machine").subheader][:2] == [
        "Profiles",
        "Measure this machine",
    ]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("measure.sequence_length", 10_000, "10000 is more than the 512 positions"),
        ("measure.threads", 0, "threads must be a whole number of 1 or more"),
        ("measure.threads", 10_000, "10000 threads were requested"),
        ("measure.batch_size", -1, "batch size must be"),
        ("measure.count", 3, "3 architectures are too few"),
        ("measure.count", 1_000, "has 188"),
    ],
)
def test_what_cannot_be_measured_is_said_at_once(
    store: Store, visit: Open, field: str, value: int, message: str
) -> None:
    app = visit("machine")
    app.number_input(key=field).set_value(value).run()
    assert not app.exception
    assert message in shown(app)
    assert app.button(key="measure-start").disabled


def commands(app: AppTest) -> list[str]:
    return [code.value for code in app.code if code.value.startswith("bort ")]


def test_the_form_is_shown_as_a_command(store: Store, visit: Open) -> None:
    app = visit("machine")
    assert commands(app) == ["bort latency measure"]
    app.number_input(key="measure.sequence_length").set_value(64)
    app.number_input(key="measure.minutes").set_value(10).run()
    assert commands(app) == ["bort latency measure --minutes 10 --sequence-length 64"]
    app.selectbox(key="measure.lengths_from").set_value("tweets").run()
    assert not app.exception
    assert commands(app) == ["bort latency measure --minutes 10 --lengths-from tweets"]
    app.number_input(key="measure.threads").set_value(0).run()
    assert commands(app) == []


def test_a_missing_runtime_names_its_extra(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bort.latency.runtimes.find_spec", lambda _module: None)
    app = visit("machine")
    app.selectbox(key="measure.runtime").set_value("openvino-float32").run()
    assert "pip install 'bort[train,openvino]'" in shown(app).replace("&#x27;", "'")
    assert app.button(key="measure-start").disabled


def test_starting_starts_a_job_and_watches_it(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(given: Store, kind: str, spec: dict) -> int:
        return given.create_job(kind, spec).id

    monkeypatch.setattr(machine_form, "start_detached", start)
    app = visit("machine")
    app.button(key="measure-start").click().run()
    assert not app.exception
    (job,) = store.jobs()
    assert (job.kind, job.spec["count"]) == ("latency", 48)
    assert app.query_params["job"] in (str(job.id), [str(job.id)])
    assert "Measuring a search space (small)" in shown(app)


def test_a_second_measurement_is_refused_with_a_reason(store: Store, visit: Open) -> None:
    app = visit("machine")
    with measuring("somebody's measurement"):
        app.button(key="measure-start").click().run()
    assert "being measured by process" in shown(app)
    assert not store.jobs()


def test_a_running_measurement_is_watched_and_cancelled(store: Store, visit: Open) -> None:
    job = store.create_job("latency", {"space": {"name": "minilm"}})
    store.claim_job(job.id, job.attempt, this_process())
    progress = Progress(3, 20, Stage.MEASURING, eta_s=34)
    store.heartbeat(job.id, 1, progress)
    app = visit("machine", job=str(job.id))
    assert "Measuring latency, round 3 of 20; about 34 s left" in shown(app)
    result = {"profile": "p", "rounds": 3, "noise": Noise(QUIET, QUIET, 0.01, 0.04).to_dict()}
    store.finish_job(
        job.id, 1, JobState.CANCELLED, ending=Ending(EndingCode.CANCELLED), result=result
    )
    app = visit("machine", job=str(job.id))
    assert "3 complete rounds are kept" in shown(app)
    assert noise_sentence(Noise(QUIET, QUIET, 0.01, 0.04)) in shown(app)


def test_a_failed_measurement_says_why(store: Store, visit: Open) -> None:
    job = store.create_job("landmarks", {})
    store.claim_job(job.id, job.attempt, this_process())
    store.finish_job(
        job.id,
        1,
        JobState.FAILED,
        ending=Ending(EndingCode.FAILED, message=f"measured by {HOSTILE}"),
    )
    app = visit("machine", job=str(job.id))
    assert not app.exception
    assert "Not finished: measured by &lt;b&gt;" in shown(app)


def test_a_profile_is_drawn_judged_and_said_to_be_anothers(store: Store, visit: Open) -> None:
    keep_profile(store, profile("quiet-one"))
    app = visit("machine")
    assert not app.exception
    text = shown(app)
    noise = profile("quiet-one").noise
    assert noise_sentence(noise) in text
    assert warning_sentence(noise.warnings[0]) in text
    assert "Measured on another machine or software: CPU Made-up CPU &lt;b&gt;9000" in text
    assert drawn(app) == 1


def test_a_busy_profile_says_so(store: Store, visit: Open) -> None:
    keep_profile(store, profile("busy-one", busy=True))
    assert noise_sentence(profile("busy-one", busy=True).noise) in shown(visit("machine"))


def test_two_profiles_stand_side_by_side(store: Store, visit: Open) -> None:
    keep_profile(store, profile("one"))
    keep_profile(store, profile("two", factor=2.0))
    app = visit("machine", profile="one")
    assert app.selectbox(key="profile-a:one").value == "one"
    app.selectbox(key="profile-b").set_value("two").run()
    assert not app.exception
    assert "Same machine, same workload" in shown(app)
    assert drawn(app) == 1


def landmark_result() -> dict:
    row = {
        "name": "Bort", "parameter_count": 55_900_000, "effective_parameter_count": 24_200_000,
        "effective_share_of_large": 0.08, "published_parameter_count": 56_100_000,
        "published_effective_share_of_large": 0.055, "median_ms": 60.0, "low_ms": 58.0,
        "high_ms": 62.0, "times_faster_than": {"BERT-base": 4.0, "BERT-large": 15.0},
        "times_faster_interval": {"BERT-base": [3.9, 4.1], "BERT-large": [14.0, 16.0]},
        "published_times_faster_than": {"BERT-large": 20.0}, "source": "a paper", "note": HOSTILE,
        "architecture": {"depth": 4, "heads": 8, "hidden": 1024, "intermediate": 768},
        "p95_ms": 70.0,
        "remarks": ["as older versions wrote it: left unread"],
    }  # fmt: skip
    return {
        "runtime": "torch-float32",
        "batch_size": 1,
        "sequence_length": 32,
        "threads": 2,
        "fingerprint": made_up_profile(load_space("minilm")).fingerprint.to_dict(),
        "landmarks": [row],
        "noise": Noise(QUIET, QUIET, 0.01, 0.02).to_dict(),
        "rounds": 12,
        "complete": True,
        "measured_at": "2026-01-01T00:00:00+00:00",
    }


def test_landmarks_stand_beside_what_was_published(store: Store, visit: Open) -> None:
    job = store.create_job("landmarks", {})
    store.claim_job(job.id, job.attempt, this_process())
    store.finish_job(job.id, 1, JobState.DONE, result=landmark_result())
    app = visit("machine")
    assert not app.exception
    text = shown(app)
    (numbers,) = [frame.value for frame in app.dataframe]
    assert numbers["times faster than BERT-large"].tolist() == ["15.0 (14.0 to 16.0)"]
    assert "a paper; &lt;b&gt;Bad" in text
    (claim,) = LandmarkTiming.from_dict(landmark_result()).landmarks[0].speed_claims
    assert claim.verdict is Verdict.NOT_REACHED
    assert claim_sentence(claim) in text.replace("&#x27;", "'")


def test_the_winners_need_a_study(store: Store, visit: Open) -> None:
    app = visit("machine")
    app.segmented_control(key="measure-what").set_value(machine_form.WINNERS).run()
    assert "no study has a front yet" in shown(app)
    fill(store, "mine", budget=8)
    app = visit("machine")
    app.segmented_control(key="measure-what").set_value(machine_form.WINNERS).run()
    assert not app.exception
    assert "on its front" in shown(app)
    assert commands(app) == ["bort latency measure --study mine"]
    app.segmented_control(key="measure-what").set_value(machine_form.LANDMARKS).run()
    assert "BERT-large, BERT-base" in shown(app)
    assert commands(app) == ["bort latency landmarks"]


def test_a_profile_comes_in_as_a_file(store: Store, visit: Open) -> None:
    text = json.dumps(profile("laptop").to_dict())
    app = visit("machine")
    upload = app.get("file_uploader")
    assert upload, "the page takes files"
    for content, message in (
        (text[: len(text) // 2], "truncated"),
        ("\xff\xfe", "not JSON"),
        ("{}", "not a latency profile"),
    ):
        app = visit("machine")
        app.file_uploader(key="profile-file").upload(
            "laptop.json", content.encode("latin-1"), "application/json"
        ).run()
        app.button(key="profile-import").click().run()
        assert not app.exception
        assert message in shown(app)
    app.file_uploader(key="profile-file").upload(
        "laptop.json", text.encode(), "application/json"
    ).run()
    app.button(key="profile-import").click().run()
    assert not app.exception
    assert [record.name for record in store.profiles()] == ["laptop"]


def test_winners_are_drawn_where_they_were_measured(store: Store, visit: Open) -> None:
    study = fill(store, "mine", budget=10)
    app = visit("pareto", study="mine")
    assert app.toggle(key="measured-latencies").disabled
    assert "Measured on another machine or software" in shown(app)
    front = [point.id for point in read_answer(store, "mine").front]
    space = SearchSpace.from_dict(study.spec.space)
    rows = [space.architecture(row) for row in range(len(space))]
    measured = tuple(
        Measurement(one.as_dict(), Latency(50.0, 49.0, 51.0, 60.0, 50.0, 60), fitted=False)
        for one in rows
        if one.id in front
    )
    keep_profile(store, replace(profile("again"), measurements=measured, study="mine"))
    answer = read_answer(store, "mine")
    assert all(point.latency_measured.median_ms == 50 for point in answer.front)
    assert answer.as_json()["front"][0]["latency_measured"]["profile"] == "again"
    assert {p.id for p in redrawn(answer).front} != set(front)
    ratios = [50 / point.latency_ms for point in answer.front]
    assert misfit(answer) == pytest.approx(np.median(ratios))
    app = visit("pareto", study="mine")
    assert "does not fit this machine as it is now" in shown(app)
    app.toggle(key="measured-latencies").set_value(True).run()
    assert not app.exception
    assert f"at their measured latency: {len(front)} architectures." in shown(app)


def test_landmarks_are_drawn_beside_the_front(store: Store, visit: Open) -> None:
    fill(store, "mine", budget=6)
    job = store.create_job("landmarks", {})
    store.claim_job(job.id, job.attempt, this_process())
    store.finish_job(job.id, 1, JobState.DONE, result=landmark_result())
    app = visit("pareto", study="mine")
    app.toggle(key="landmarks-on-front").set_value(True).run()
    assert not app.exception
    assert drawn(app) >= 4
