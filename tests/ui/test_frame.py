"""What every page has: running jobs, notices of their end, and an address that the menu keeps."""

import pytest
import streamlit as st
from made_up_study import fill, made_up_spec
from streamlit.testing.v1 import AppTest
from visits import Open

from bort.core.progress import Progress, Stage
from bort.jobs.runtime.process import this_process
from bort.storage import JobRecord, JobState, Store
from bort.storage.deleting import Thing, ThingKind
from bort.ui import home
from bort.ui.kit import hidden, markup, running

PAGES = ("home", "search", "pareto", "models", "agora", "machine", "learn")


def running_job(store: Store) -> JobRecord:
    job = store.create_job("search", made_up_spec("reviews").to_dict(), study="reviews")
    store.claim_job(job.id, job.attempt, this_process())
    step = Progress(3, 12, Stage.TRAINING_CANDIDATES, "1-2-64-128", eta_s=185.0)
    store.heartbeat(job.id, job.attempt, progress=step)
    return job


def links(app: AppTest) -> list[str]:
    return [link.proto.label.replace("\\", "") for link in app.get("page_link")]  # as they are read


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_what_runs_how_far_it_is_and_how_long_it_takes(
    store: Store, visit: Open, page: str
) -> None:
    running_job(store)
    app = visit(page)
    assert not app.exception
    assert "reviews: 25%, at most 3 min 5 s left; Training 1-2-64-128" in links(app)


def test_a_notice_says_when_a_job_ends_and_goes_once_its_page_is_open(
    store: Store, visit: Open
) -> None:
    job = running_job(store)
    app = visit("home")
    store.finish_job(job.id, job.attempt, JobState.DONE)
    app.run()
    line = f"reviews: job {job.id} is done"
    assert markup.plain(line) in [toast.value for toast in app.toast]
    assert line in links(app)
    app.query_params["job"] = str(job.id)
    app.switch_page("pages/search.py").run()
    assert line not in links(app)


def test_a_notice_of_a_lost_job_does_not_look_like_success(store: Store, visit: Open) -> None:
    job = running_job(store)
    app = visit("home")
    store.finish_job(job.id, job.attempt, JobState.LOST)
    app.run()
    assert [toast.icon for toast in app.toast] == [":material/error:"]
    store.delete(Thing(ThingKind.JOB, str(job.id)))
    app.run()
    assert not app.exception


def test_a_lesson_and_the_other_pages_leave_each_others_settings_alone(
    store: Store, visit: Open
) -> None:
    fill(store, "mine", budget=4)
    app = visit("pareto", study="mine", epsilon="0.3", hide="dominated")
    app.query_params.clear()
    app.query_params["lesson"] = "epsilon"
    app.switch_page("pages/lesson.py").run()
    assert app.query_params == {"lesson": "epsilon"}
    app.query_params["epsilon"] = "0.5"  # as the lesson writes it
    app.run()
    app.query_params.clear()
    app.switch_page("pages/pareto.py").run()
    assert not app.exception
    assert app.query_params == {"study": "mine", "epsilon": "0.3", "hide": "dominated"}


def test_the_menu_keeps_study_pick_question_and_view(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    asked = {
        "study": "reviews",
        "pick": "1-2-96-192",
        "epsilon": "0.3",
        "weights": "1,2,1",
        "at-most": "9,,",
        "hide": "dominated",
    }
    app = visit("pareto", **asked)
    for page in ("models", "pareto"):
        app.query_params.clear()  # as the menu does
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert app.query_params == asked


def test_a_link_to_another_study_brings_nothing_of_the_last_one(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    fill(store, "tweets", budget=8)
    app = visit("pareto", study="reviews", pick="1-2-96-192", epsilon="0.3")
    app.query_params.clear()
    app.switch_page("pages/home.py").run()
    app.query_params.clear()
    app.query_params["study"] = "tweets"
    app.switch_page("pages/pareto.py").run()
    assert app.query_params == {"study": "tweets"}


def test_a_hidden_tab_asks_for_its_title_only(store: Store, visit: Open, monkeypatch) -> None:
    paces: dict[str, float | None] = {}
    whole = st.fragment

    def noted(function, *, run_every=None):
        paces[function.__name__] = run_every
        return whole(function, run_every=run_every)

    monkeypatch.setattr(st, "fragment", noted)
    running_job(store)
    visit("home")
    assert paces == {"_look": running.POLL_S, "_running_jobs": home.POLL_S}
    monkeypatch.setattr(hidden, "is_hidden", lambda: True)
    visit("home")
    assert paces == {"_look": hidden.HIDDEN_POLL_S, "_running_jobs": None}
