"""The search page: the form with its messages, the start, and every state of a job."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up_study import fill, made_up_spec
from streamlit.testing.v1 import AppTest
from tiny import write_answers, write_task
from visits import Open, drawn, shown

from bort.core.baseline import Method, OracleFacts, Scored
from bort.core.errors import InvalidModelError
from bort.core.progress import Progress, Stage
from bort.core.study import StudySpec, TaskSpec
from bort.jobs.runtime.process import this_process
from bort.storage import Ending, EndingCode, JobState, ProcessIdentity, Store
from bort.studies import parts
from bort.studies.checks import check_study
from bort.tasks import load_task
from bort.ui.kit import markup


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, store: Store) -> list[StudySpec]:
    """Start creates the job but no process; data and source network count as usable."""
    specs: list[StudySpec] = []

    def start(_store: Store, kind: str, spec: dict[str, object], *, study: str) -> int:
        specs.append(StudySpec.from_dict(spec))
        return store.create_job(kind, spec, study=study).id

    monkeypatch.setattr("bort.ui.search.start.start_detached", start)
    monkeypatch.setattr("bort.studies.checks.check_study", lambda spec, **options: spec)
    return specs


def start_button(app: AppTest) -> bool:
    return not app.button(key="start").disabled


def test_the_form_says_what_it_will_cost_before_start(store: Store, visit: Open) -> None:
    app = visit("search")
    assert not app.exception
    assert "32 at most" in shown(app)
    assert "188 architectures of 0.03 to 22.71 M parameters" in shown(app)
    assert start_button(app)


def test_start_creates_a_job_and_watches_it(
    store: Store, visit: Open, started: list[StudySpec]
) -> None:
    app = visit("search")
    app.text_input(key="search.epsilon").input("0.3").run()
    app.number_input(key="search.budget").set_value(5).run()
    app.button(key="start").click().run()
    assert not app.exception
    spec = started[0]
    assert (spec.name, spec.search.question.epsilon, spec.search.budget) == (
        "movie-reviews-small",
        0.3,
        5,
    )
    assert app.query_params["job"] == "1"
    assert "Job 1 is about to start" in shown(app)
    assert store.study("movie-reviews-small").spec == spec


def test_a_search_can_time_from_text_to_label(
    store: Store, visit: Open, started: list[StudySpec]
) -> None:
    app = visit("search")
    app.toggle(key="latency.text_to_label").set_value(True).run()
    assert not app.exception  # the task is not here, and the plan does not fetch it
    assert "latency.latency_length" not in [box.key for box in app.number_input]
    assert "--text-to-label" in app.code[-1].value
    app.button(key="start").click().run()
    assert started[0].latency.text_to_label


def test_a_name_that_is_taken_gets_a_number_unless_it_was_chosen(
    store: Store, visit: Open, started: list[StudySpec]
) -> None:
    fill(store, "movie-reviews-small", budget=3)
    app = visit("search")
    app.button(key="start").click().run()
    assert started[0].name == "movie-reviews-small-2"
    app = visit("search", job="new")
    app.text_input(key="name").input("movie-reviews-small").run()
    app.button(key="start").click().run()
    assert len(started) == 1
    assert "movie-reviews-small" in shown(app)
    assert app.query_params["job"] == "new"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "search.epsilon",
            "0",
            "epsilon must be a number from 1e-06 to 1000000, got 0.0; try 0.1 or 0.25",
        ),
        (
            "search.epsilon",
            "x",
            "epsilon must be a number from 1e-06 to 1000000, got &#x27;x&#x27;; try 0.1 or 0.25",
        ),
        (
            "search.lipschitz",
            "-1",
            "λ must be one number from 0 to 1e+09 for all dimensions, or one for each by name",
        ),
        (
            "training.learning_rates",
            "fast",
            "numbers between 0 and 1, separated by commas, got &#x27;fast&#x27;",
        ),
        ("name", "../x", "a study cannot be called &#x27;../x&#x27;"),
    ],
)
def test_typed_mistakes_get_the_words_of_the_command_line(
    store: Store, visit: Open, key: str, value: str, message: str
) -> None:
    app = visit("search")
    app.text_input(key=key).input(value).run()
    assert message in shown(app)
    assert not start_button(app)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("search.budget", -3, "budget must be a whole number of 1 or more, got -3"),
        ("training.steps", 0, "steps must be a whole number of 1 or more, got 0"),
        ("search.minutes", -1.0, "minutes must be a number above 0, got -1.0; try 10"),
        ("search.seed", -1, "seed must be a whole number from 0 to 2147483647, got -1"),
        (
            "search.confidence",
            2.0,
            "confidence must be a number between 0 and 1, got 2.0; try 0.95",
        ),
        ("latency.latency_length", 0, "sequence length must be a whole number of 1 or more, got 0"),
    ],
)
def test_numbers_that_cannot_be_used_are_said_beside_their_field(
    store: Store, visit: Open, key: str, value: float, message: str
) -> None:
    app = visit("search")
    app.number_input(key=key).set_value(value).run()
    assert message in shown(app)
    assert not start_button(app)


def test_an_own_file_and_an_own_space_ask_for_themselves(store: Store, visit: Open) -> None:
    app = visit("search")
    app.selectbox(key="task").select("a file on this machine").run()
    assert "task must be the name of a task or a data file" in shown(app)
    app.text_input(key="path").input("my.csv").run()
    assert "task must be" not in shown(app)
    app.selectbox(key="space").select("my own TOML file").run()
    assert "no space yet; upload a TOML file" in shown(app)
    assert not start_button(app)


def test_an_own_file_decides_the_number_of_classes(
    store: Store,
    visit: Open,
    started: list[StudySpec],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("bort.studies.checks.check_study", check_study)
    monkeypatch.setattr(
        "bort.studies.checks.source_network",
        lambda source: SimpleNamespace(name="it", config={"vocab_size": 30522}),
    )
    monkeypatch.setattr("bort.studies.checks.check_source", lambda source: None)
    monkeypatch.setattr("bort.studies.checks.tokenizer_bytes", lambda *given: {})
    rows = [f"text number {row},{'abc'[row % 3]}" for row in range(300)]
    (tmp_path / "my.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    app = visit("search")
    app.selectbox(key="space").select("minilm").run()
    app.selectbox(key="task").select("a file on this machine").run()
    app.text_input(key="path").input(str(tmp_path / "my.csv")).run()
    assert len(app.dataframe[0].value) == 5
    assert "3 classes: a 100, b 100, c 100." in shown(app)
    labels = app.selectbox(key=f"task:{tmp_path / 'my.csv'}.label")
    assert (labels.value, labels.options) == ("label", ["text", "label"])
    app.button(key="start").click().run()
    assert started[0].space["fixed"]["labels"] == 3


def test_a_file_of_soft_labels_is_a_teacher(
    store: Store,
    visit: Open,
    started: list[StudySpec],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("bort.studies.checks.check_study", check_study)
    monkeypatch.setattr(
        "bort.studies.checks.source_network",
        lambda source: SimpleNamespace(name="it", config={"vocab_size": 30522}),
    )
    monkeypatch.setattr("bort.studies.checks.check_source", lambda source: None)
    monkeypatch.setattr("bort.studies.checks.tokenizer_bytes", lambda *given: {})
    write_task(tmp_path / "my.csv")
    task = load_task(TaskSpec(task=str(tmp_path / "my.csv")))
    answers = write_answers(tmp_path / "answers.parquet", task)
    app = visit("search")
    app.selectbox(key="space").select("minilm").run()
    app.selectbox(key="task").select("a file on this machine").run()
    app.text_input(key="path").input(str(tmp_path / "my.csv")).run()
    app.text_input(key="training.teacher").input(str(tmp_path / "none.parquet")).run()
    app.button(key="start").click().run()
    assert "there is no file" in shown(app)
    app.text_input(key="training.teacher").input(str(answers)).run()
    assert "fine-tune the teacher" not in shown(app)
    app.button(key="start").click().run()
    assert started[0].training.teacher == str(answers)


def test_what_the_check_refuses_is_said_and_nothing_is_stored(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(spec: StudySpec, **options: object) -> None:
        raise InvalidModelError("no folder 'x'; name another")

    monkeypatch.setattr("bort.studies.checks.check_study", refuse)
    app = visit("search")
    app.button(key="start").click().run()
    assert "no folder &#x27;x&#x27;; name another" in shown(app)
    assert store.studies() == []
    assert store.jobs() == []


def make_job(store: Store, *, process: ProcessIdentity | None = None) -> int:
    study = fill(store, "watched", budget=9)
    job = store.create_job("search", study.spec.to_dict(), study="watched")
    if process is not None:
        assert store.claim_job(job.id, job.attempt, process) is not None
        progress = Progress(
            done=9, total=20, stage=Stage.TRAINING_CANDIDATES, subject="<i>x</i>", eta_s=75.0
        )
        store.heartbeat(job.id, job.attempt, progress)
        store.add_metrics(job.id, 8, {"certified_epsilon": None})
        store.add_metrics(job.id, 9, {"certified_epsilon": 0.5})
    return job.id


def test_the_comparison_is_shown_before_the_first_training(store: Store, visit: Open) -> None:
    spec = made_up_spec("early", budget=9)
    store.create_study(spec)
    job = store.create_job("search", spec.to_dict(), study="early")
    app = visit("search", job=str(job.id))
    assert "Errors on" not in shown(app)
    score = {"error_rate": 0.5, "low": 0.4, "high": 0.6, "macro_f1": 0.3, "n": 90}
    facts = OracleFacts(
        source="s",
        source_sha256="ab",
        teacher="s fine-tuned",
        teacher_dev_error=0.06,
        device="cpu",
        threads=2,
        unknown_share=0.313,
        baselines=(Scored(methods=(Method.MAJORITY,), **score),),
        teachers=(Scored(methods=(Method.FINETUNED,), **score | {"error_rate": 0.06}),),
    )
    store.set_study_facts("early", facts)
    app = visit("search", job=str(job.id))
    assert "majority 50.0% (40.0 to 60.0), the teacher 6.0% (40.0 to 60.0)" in shown(app)
    assert "does not know 31% of the words and pieces" in shown(app)


def test_a_running_job_shows_progress_front_and_certificate_and_can_be_cancelled(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real one would finally signal the job's process, which is this one.
    monkeypatch.setattr(
        "bort.ui.kit.job_parts.cancel", lambda store, job_id, wait: store.request_cancel(job_id)
    )
    job = make_job(store, process=this_process())
    app = visit("search", job=str(job))
    assert not app.exception
    assert "Training &lt;i&gt;x&lt;/i&gt;" in shown(app)
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Trained"] == "9 of 9 at most"
    assert values["Left at most"] == "1 min 15 s"
    assert drawn(app) == 3
    app.button(key="cancel").click().run()
    assert store.job(job).cancel_requested
    assert app.button(key="cancel").disabled


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_ended_early_says_why_and_can_be_resumed(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch, state: JobState
) -> None:
    job = make_job(store, process=this_process())
    store.finish_job(job, 1, state, ending=Ending(EndingCode.FAILED, message="the <disk> is full"))
    app = visit("search", job=str(job))
    assert "the &lt;disk&gt; is full. Finished work is kept." in shown(app)
    resumed: list[int] = []
    monkeypatch.setattr(
        "bort.ui.kit.job_parts.resume", lambda store, job_id, detach: resumed.append(job_id)
    )
    app.button(key="resume").click().run()
    assert resumed == [job]


def test_a_job_whose_process_is_gone_is_lost_and_can_be_resumed(store: Store, visit: Open) -> None:
    here = this_process()
    gone = ProcessIdentity(here.host, 2**22 - 3, 1.0, here.boot_id)
    app = visit("search", job=str(make_job(store, process=gone)))
    assert "was lost" in shown(app)
    assert not app.button(key="resume").disabled


def test_a_finished_job_links_to_its_front(store: Store, visit: Open) -> None:
    job = make_job(store, process=this_process())
    store.finish_job(job, 1, JobState.DONE, result={})
    app = visit("search", job=str(job))
    assert "is done" in shown(app)
    assert "Open its Pareto front" in [link.proto.label for link in app.get("page_link")]
    assert not [button for button in app.button if button.key in ("cancel", "resume")]


def test_a_search_left_behind_is_found_again_from_the_form(store: Store, visit: Open) -> None:
    make_job(store, process=this_process())
    app = visit("search")
    assert "Job 1 is running" in shown(app)
    assert app.query_params["job"] == "1"
    app.button(key="new-search").click().run()
    labels = [link.proto.label for link in app.get("page_link")]
    assert markup.plain("watched: job 1 is running") in labels
    assert start_button(app)


def test_a_job_that_left_no_study_says_why_and_leads_on(store: Store, visit: Open) -> None:
    store.create_study(made_up_spec("early"))
    job = store.create_job("search", made_up_spec("early").to_dict(), study="early")
    store.claim_job(job.id, 1, this_process())
    store.finish_job(
        job.id,
        1,
        JobState.FAILED,
        ending=Ending(EndingCode.FAILED, message="the teacher has other labels"),
    )
    app = visit("search", job=str(job.id))
    assert not app.exception
    assert "the teacher has other labels. No training was finished" in shown(app)
    assert [link.proto.label for link in app.get("page_link")] == []


def test_what_was_typed_is_there_again_after_another_page(store: Store, visit: Open) -> None:
    app = visit("search")
    app.text_input(key="search.epsilon").input("0.37").run()
    app.number_input(key="search.budget").set_value(7).run()
    app.selectbox(key="task").select("tweets").run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/search.py").run()
    assert app.text_input(key="search.epsilon").value == "0.37"
    assert app.number_input(key="search.budget").value == 7
    assert app.selectbox(key="task").value == "tweets"


def test_the_teacher_s_first_time_is_counted_until_a_search_had_it(
    store: Store, visit: Open
) -> None:
    assert "fine-tune the teacher" in shown(visit("search"))
    fill(store, "reviews", budget=6)
    assert "fine-tune the teacher" not in shown(visit("search"))


def test_an_unknown_job_is_one_line(store: Store, visit: Open) -> None:
    app = visit("search", job="77")
    assert not app.exception
    assert "there is no job 77" in shown(app)


def test_uploads_are_named_by_their_content(store: Store, tmp_path: Path) -> None:
    from bort.core.errors import InvalidDataError
    from bort.ui.kit import uploads

    class Given:
        name = "../../evil.csv"

        def getvalue(self) -> bytes:
            return b"text,label\na,1\n"

    path = Path(uploads.keep(Given()))
    assert path.parent.parent == tmp_path / "uploads"
    assert path.name == "evil.csv"
    assert uploads.kept(uploads.reference(path)) == path
    assert path.read_bytes() == b"text,label\na,1\n"
    assert uploads.keep(Given()) == path
    for outside in ("../../evil.csv", "0123456789abcdef/../x.csv", f"{'0' * 16}/gone.csv"):
        with pytest.raises(InvalidDataError, match="no uploaded file"):
            uploads.kept(outside)
    Given.name = "x.pkl"
    with pytest.raises(InvalidDataError, match=r"ends with csv"):
        uploads.keep(Given())


def test_the_form_holds_the_quick_preset_and_else_the_defaults(
    store: Store, visit: Open, started: list[StudySpec]
) -> None:
    visit("search").button(key="start").click().run()
    given = {
        option: value
        for part, described in (
            (parts.QUESTION, started[0].search.question),
            (parts.BUDGET, started[0].search),
            (parts.TASK, started[0].task),
            (parts.TRAINING, started[0].training),
            (parts.LATENCY, started[0].latency),
        )
        for option, value in part.given(described).items()
    }
    assert given == parts.PRESETS["quick"]
