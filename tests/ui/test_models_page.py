"""The page Models and the button that leads to it: empty, live, full, hostile."""

import io
import zipfile
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from made_up_models import STAGE, add_model, finished_job, running_job
from made_up_study import fill
from visits import Open, drawn, shown

from bort.core.errors import InvalidDataError
from bort.core.locks import Holder
from bort.export.predicting import Reply, Trial, try_text
from bort.figures import ERROR, LATENCY, SIZE, front_info, plot_pair
from bort.figures.models import RealisedMark, add_realised, plot_curves, realised_mark
from bort.finetuning.cost import FineTuneEstimate
from bort.finetuning.realised import Accuracy, TrainedModel
from bort.finetuning.stages import DEV_ERROR, LOSS, curves_of
from bort.jobs import JobState
from bort.report import models as words
from bort.storage import Ending, EndingCode, Store, Thing, ThingKind, models_folder
from bort.studies.answers import read_answer
from bort.studies.estimates import Planned, Work
from bort.ui.kit import job_parts
from bort.ui.models import files as model_files
from bort.ui.models import start as model_start
from bort.ui.models import trying as model_try
from bort.ui.models.panel import comparison

HOSTILE = "<b>Bad</b> ![x](http://outside.example/x.png)"


@pytest.fixture
def pick(store: Store) -> str:
    """Return a trained architecture of the study "reviews"."""
    fill(store, "reviews", budget=8)
    return read_answer(store, "reviews").front[0].id


def test_an_empty_store_says_what_to_do_next(store: Store, visit: Open) -> None:
    app = visit("models")
    assert not app.exception
    assert "There is no trained model yet. Pick a point" in shown(app)
    assert app.code[0].value == "bort finetune --best"


def test_a_model_stands_beside_teacher_baselines_and_landmark(
    store: Store, visit: Open, pick: str
) -> None:
    job = finished_job(store, "reviews", pick)
    model = add_model(store, "good", "reviews", pick, job_id=job.id)
    app = visit("models")
    assert not app.exception
    trained = TrainedModel.of(model)
    table = comparison(trained)
    assert table["who"].tolist()[:2] == ["this model", "teacher: MiniLM fine-tuned"]
    assert table["audit (%)"].tolist()[:4] == [81.0, 81.0, 60.0, 75.0]
    assert table["onnx-int8 (ms)"].tolist()[1:5:3] == [6.0, 30.0]
    assert table["torch-float32 (ms)"].tolist()[4] == 60.0
    assert not app.selectbox, "one model needs no list"
    assert app.dataframe[0].value.shape == table.shape
    assert [metric.value for metric in app.metric][:2] == ["81.0%", "97.0%"]
    text = shown(app)
    assert all(escape(remark) in text for remark in words.remarks(trained.realised))
    assert escape(words.accuracy_sentence(trained.realised)) in text
    assert drawn(app) == 4, "two fronts, loss and dev error"
    assert "has no config.json" in shown(app), "missing files are reported, not offered"


def test_a_running_job_shows_its_curves_and_can_be_cancelled(
    store: Store, visit: Open, pick: str
) -> None:
    job = running_job(store, "reviews", pick)
    app = visit("models", job=str(job.id))
    assert not app.exception
    assert f"Fine-tuning {pick}" in shown(app)
    assert "seed 0: loss 0.200, dev error 0.100; about 42 s left" in shown(app)
    assert [metric.value for metric in app.metric] == ["0.200", "10.0%", "900"]
    assert drawn(app) == 2
    assert not app.button(key="model-cancel").disabled
    store.finish_job(job.id, 1, JobState.FAILED, ending=Ending(EndingCode.FAILED, message=HOSTILE))
    app = visit("models", job=str(job.id))
    assert "It ended early: &lt;b&gt;Bad" in shown(app)
    assert app.button(key="model-resume")


def test_a_training_that_stands_still_says_for_whom(
    store: Store, visit: Open, pick: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: tmp_path / "measuring.lock")
    job = running_job(store, "reviews", pick)
    assert "Trainings pause" not in shown(visit("models", job=str(job.id)))
    someone = Holder(pid=1, user="ada", description="bort: latency", since=0.0)
    monkeypatch.setattr(job_parts, "holder", lambda: someone)
    text = shown(visit("models", job=str(job.id)))
    assert "being measured by process 1 of ada" in text
    assert "Trainings pause until it is done" in text


@pytest.mark.parametrize("job", ["999", "x"])
def test_a_job_that_is_none_is_one_line(store: Store, visit: Open, job: str) -> None:
    app = visit("models", job=job)
    assert not app.exception
    other = store.create_job("search", {}).id
    app = visit("models", job=str(other))
    assert f"Job {other} is a search job and is shown on another page." in shown(app)
    assert f"Watch job {other}" in [link.proto.label for link in app.get("page_link")]


def test_hostile_names_and_damaged_records_are_shown_as_text(
    store: Store, visit: Open, pick: str
) -> None:
    landmark = {"name": HOSTILE, "parameter_count": 1}
    add_model(store, "good", "reviews", pick)
    add_model(store, HOSTILE, "reviews", pick, landmark=landmark)
    add_model(store, "damaged", "reviews", pick, audit="no", latency=[1])
    app = visit("models", model="nobody")
    assert not app.exception
    assert "&lt;b&gt;Bad&lt;/b&gt;" in shown(app)
    assert "<b>Bad" not in shown(app)
    assert "there is no model &#x27;nobody&#x27;" in shown(app)
    assert "the record of the model &#x27;damaged&#x27; cannot be read" in shown(app)
    assert sorted(app.selectbox[0].options) == [HOSTILE, "good"]
    assert sorted(app.dataframe[0].value["model"]) == [HOSTILE, "good"]


@pytest.mark.parametrize("field", ["teacher", "share_of_teacher", "exported"])
def test_a_model_without_optional_results_is_shown(
    store: Store, visit: Open, pick: str, field: str
) -> None:
    """Older versions stored less: no landmark, no difference, no baselines."""
    absent = ("landmark", "difference_from_teacher", "plain_student", "tfidf", "predicted")
    model = add_model(store, "old", "reviews", pick, **dict.fromkeys(absent))
    assert comparison(TrainedModel.of(model)).shape[0] == 2
    app = visit("models")
    assert not app.exception
    broken = replace(model, realised={k: v for k, v in model.realised.items() if k != field})
    with pytest.raises(InvalidDataError, match=f"missing required field `{field}`"):
        TrainedModel.of(broken)


def test_a_teacher_that_is_a_file_has_no_numbers(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = ("teacher", "share_of_teacher", "difference_from_teacher", "times_faster_than_teacher")
    model = add_model(store, "taught", "reviews", pick, **dict.fromkeys(absent))
    monkeypatch.setattr(
        model_try,
        "try_text",
        lambda *given, **named: Trial("a", 1, Reply({"bad": 1.0}, 1.0), None, teacher_is_file=True),
    )
    app = visit("models")
    app.button(key="try-answer").click().run()
    assert not app.exception
    text = shown(app)
    assert "a file of soft labels, answers too few audit texts to compare with" in text
    assert "The teacher is a file, which answers no new texts." in text
    assert "Of its teacher" not in text
    assert comparison(TrainedModel.of(model))["audit (%)"].isna().tolist()[:2] == [False, True]


def test_a_sentence_is_answered_by_model_and_teacher(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(store, "good", "reviews", pick)

    def answer(model, text, *, open_folder):
        if not text.strip():
            raise InvalidDataError("there is no text to try; write a sentence")
        replies = (Reply({"bad": 0.2, "good": 0.8}, 1.0), Reply({"bad": 0.6, "good": 0.4}, 8.0))
        return Trial(text, 1, *replies)

    monkeypatch.setattr(model_try, "try_text", answer)
    app = visit("models")
    app.button(key="try-answer").click().run()
    assert "there is no text to try" in shown(app)
    app.text_area(key="try-text").set_value(HOSTILE)
    app.button(key="try-answer").click().run()
    assert not app.exception
    text = shown(app)
    assert "“&lt;b&gt;Bad" in text
    assert "<td>good</td><td>80.0%</td><td>40.0%</td>" in text
    assert words.verdict(is_same=False, times_as_fast=8.0) in text


def test_a_model_of_pairs_has_two_boxes(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = {"task": "pairs.csv", "text": ["premise", "hypothesis"], "label": "gold"}
    add_model(store, "good", "reviews", pick, task_spec=pairs)
    asked = []

    def answer(model, text, *, open_folder):
        asked.append(text)
        return Trial(text, 1, Reply({"bad": 0.2, "good": 0.8}, 1.0), None)

    monkeypatch.setattr(model_try, "try_text", answer)
    app = visit("models")
    assert [box.label for box in app.text_area] == ["premise", "hypothesis"]
    app.text_area(key="try-text").set_value("A man runs.")
    app.text_area(key="try-text-2").set_value("He is outside.")
    app.button(key="try-answer").click().run()
    assert asked == [("A man runs.", "He is outside.")]
    assert "“A man runs.” / “He is outside.”" in shown(app)


def test_a_model_that_is_slower_than_its_teacher_is_told_as_such(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(store, "good", "reviews", pick)
    slow, quick = Reply({"bad": 0.2, "good": 0.8}, 6.0), Reply({"bad": 0.2, "good": 0.8}, 3.0)
    monkeypatch.setattr(model_try, "try_text", lambda _m, text, **_o: Trial(text, 1, slow, quick))
    app = visit("models")
    app.text_area(key="try-text").set_value("fine")
    app.button(key="try-answer").click().run()
    assert words.verdict(is_same=True, times_as_fast=0.5) in shown(app)


def test_a_model_opens_on_the_curves_of_its_own_last_stage(
    store: Store, visit: Open, pick: str
) -> None:
    job = finished_job(store, "reviews", pick)
    stages = [{**STAGE, "stage": "finetune"}, {**STAGE, "stage": "distil"}]
    add_model(store, "good", "reviews", pick, job_id=job.id, stages=stages)
    app = visit("models")
    assert app.get("button_group")[0].value == "distil"


def test_an_empty_sentence_opens_nothing(store: Store, pick: str) -> None:
    def never(_folder: Path):
        raise AssertionError

    with pytest.raises(InvalidDataError, match="write a sentence"):
        try_text(add_model(store, "good", "reviews", pick), " \n", open_folder=never)


def test_a_download_is_one_zip_of_what_the_export_wrote(store: Store, pick: str) -> None:
    model = add_model(store, "good", "reviews", pick)
    folder = models_folder() / "good"
    folder.mkdir(parents=True)

    def write(given, out: Path) -> None:
        assert given is model
        (out / "inner").mkdir(parents=True)
        (out / "inner" / "config.json").write_text("{}")

    packed = model_files.made(model, write)
    assert isinstance(packed, io.BytesIO)
    with zipfile.ZipFile(packed) as archive:
        assert "good/inner/config.json" in archive.namelist()


def test_complete_files_are_offered_with_their_commands(
    store: Store, visit: Open, pick: str
) -> None:
    add_model(store, "good", "reviews", pick)
    folder = models_folder() / "good"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    app = visit("models")
    assert not app.exception
    assert len(app.get("download_button")) == 4
    commands = [code.value for code in app.code]
    assert "bort export good --format bundle --out good-bundle.zip" in commands
    assert "bort export good --format hf --out good-hf" in commands


def test_the_pareto_page_starts_a_fine_tuning_after_its_plan(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = FineTuneEstimate(
        trainings=3, steps=4462, minutes=5.0, timed=31,
        stages=(Planned(Work.STUDENTS, 240.0), Planned(Work.WINNERS, 60.0)),
        memory_bytes=2 << 30, disk_bytes=160 << 20, free_bytes=70 << 30,
    )  # fmt: skip
    monkeypatch.setattr(model_start, "check_finetune", lambda _spec: [])
    monkeypatch.setattr(model_start, "estimate_finetune", lambda *_given: estimate)
    started = []

    def start(given: Store, kind: str, spec: dict, *, study: str) -> int:
        started.append((kind, spec["picks"], spec["seeds"], spec["parallel"]))
        return given.create_job(kind, spec, study=study).id

    monkeypatch.setattr(model_start, "start_detached", start)
    app = visit("pareto", study="reviews", pick=pick)
    assert not started
    app.button(key="fine-tune").click().run()
    app.number_input(key="fine-tune-seeds").set_value(2).run()
    app.number_input(key="fine-tune-parallel").set_value(2).run()
    assert not app.exception
    text = shown(app)
    assert all(part in text for part in ("about 5 min", "about 4 min", "2.0 GiB", "160 MiB"))
    command = f"bort finetune --study reviews --pick {pick} --seeds 2 --parallel 2"
    assert command in [code.value for code in app.code]
    app.button(key="fine-tune-start").click().run()
    assert not app.exception
    assert started == [("finetune", (pick,), 2, 2)]


def test_what_cannot_be_fine_tuned_is_one_line(
    store: Store, visit: Open, pick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_spec):
        raise InvalidDataError(HOSTILE)

    monkeypatch.setattr(model_start, "check_finetune", refuse)
    app = visit("pareto", study="reviews", pick=pick)
    app.button(key="fine-tune").click().run()
    assert not app.exception
    assert "&lt;b&gt;Bad" in shown(app)
    assert "fine-tune-start" not in [button.key for button in app.button]


def test_arrows_lead_from_predicted_to_realised(store: Store, visit: Open, pick: str) -> None:
    model = add_model(store, "good", "reviews", pick)
    mark = realised_mark("good", TrainedModel.of(model).realised)
    info = front_info(read_answer(store, "reviews").points)
    for x, y in ((SIZE, ERROR), (LATENCY, ERROR), (SIZE, LATENCY)):
        figure = add_realised(plot_pair(info, x, y, log=[x]), [mark], x, y)
        arrow, diamond = figure.data[-2:]
        assert arrow.x[0] == mark.predicted[x.column]
        assert (arrow.x[1], arrow.y[1]) == (diamond.x[0], diamond.y[0])
        assert diamond.y[0] == mark.realised[y.column]
    assert "fully trained" in shown(visit("pareto", study="reviews"))


def test_a_model_of_another_task_has_no_mark_on_the_front(
    store: Store, visit: Open, pick: str
) -> None:
    model = add_model(store, "good", "reviews", pick)
    evidence = dict(model.evidence)
    evidence["data"] = {**evidence["data"], "task_spec": {"task": "tweets"}}
    store.delete(Thing(ThingKind.MODEL, "good"))
    store.add_model(
        "good", job_id=None, study="reviews", task="tweets", architecture=model.architecture,
        realised=model.realised, evidence=evidence,
    )  # fmt: skip
    assert "fully trained" not in shown(visit("pareto", study="reviews"))


def test_a_mark_without_prediction_has_no_arrow() -> None:
    audit = Accuracy(accuracy=0.8, low=0.7, high=0.9, macro_f1=0.8)
    mark = RealisedMark(HOSTILE, "2-4", (1.0, 2.0, 20.0), None, audit)
    figure = add_realised(plot_pair(front_info([]), SIZE, ERROR), [mark], SIZE, ERROR)
    assert [trace.name for trace in figure.data].count("realised") == 1
    assert "predicted to realised" not in [trace.name for trace in figure.data]
    assert "<b>Bad" not in figure.data[-1].hovertext[0]


def test_curves_are_read_from_the_names_of_series() -> None:
    metrics = {
        "a/b/2-4/finetune-seed1-lr0.01/loss": [(1, 0.5), (2, None), (3, 0.25)],
        "certified_epsilon": [(1, 0.5)],
    }
    (curve,) = curves_of(metrics)
    assert (curve.task, curve.architecture_id, curve.stage) == ("a/b", "2-4", "finetune")
    (line,) = plot_curves([curve], LOSS).data
    assert (list(line.x), list(line.y)) == ([1, 3], [0.5, 0.25])


@pytest.mark.parametrize(("error", "axis"), [(0.5, [0.45, 0.55]), (0.0, [0, 0.05])])
def test_a_dev_error_that_never_changes_is_drawn_on_an_axis_of_errors(error, axis) -> None:
    name = "movie-reviews/2-4/plain-seed0-lr0.001/dev_error"
    (curve,) = curves_of({name: [(1, error), (2, error)]})
    assert list(plot_curves([curve], DEV_ERROR).layout.yaxis.range) == pytest.approx(axis)


def test_a_long_loss_is_smoothed_over_what_was_told() -> None:
    told = [(step, 1.0 + step % 2) for step in range(200)]
    name = "movie-reviews/2-4/finetune-seed0-lr0.001"
    loss, dev = curves_of({f"{name}/loss": told, f"{name}/dev_error": told})
    raw, mean = plot_curves([loss], LOSS).data
    assert list(raw.y) == [value for _, value in told]
    assert all(1.4 < value < 1.6 for value in mean.y[5:-5])
    assert list(mean.x) == list(raw.x)
    assert len(plot_curves([dev], DEV_ERROR).data) == 1, "dev errors are means already"
