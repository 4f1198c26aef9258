"""The first page; and no page loads packages that only training needs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_study import fill, made_up_spec
from visits import APP, Open, drawn, shown

from bort.core.progress import Progress, Stage
from bort.jobs.runtime.process import this_process
from bort.jobs.runtime.runners import RUNNERS
from bort.storage import Store, Thing, ThingKind, export_study, import_study
from bort.studies.answers import read_answer
from bort.ui.kit import navigation, readings


def test_an_empty_store_says_what_to_do_next(store: Store, visit: Open) -> None:
    app = visit("home")
    assert not app.exception
    assert "There are no results yet. Start a search" in shown(app)


def test_the_finished_example_comes_first(store: Store, visit: Open) -> None:
    fill(store, "example", budget=8)
    recorded = export_study(store, "example")
    store.delete(Thing(ThingKind.STUDY, "example"))
    import_study(store, recorded)
    fill(store, "mine", budget=8)
    app = visit("home")
    assert not app.exception
    assert "A finished example" in shown(app)
    assert drawn(app) == 1
    labels = [link.proto.label for link in app.get("page_link")]
    assert labels.count("Open") == 2


def test_the_legend_names_only_what_is_drawn(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "mine", budget=8)
    answer = read_answer(store, "mine")
    has_cover = any(point.is_in_cover for point in answer.points)
    assert ("in the ε-cover" in shown(visit("home"))) == has_cover
    bare = [replace(point, is_in_cover=False) for point in answer.front]
    monkeypatch.setattr(readings, "answer", lambda *_: replace(answer, points=bare))
    text = shown(visit("home"))
    assert "Pareto front" in text
    assert "in the ε-cover" not in text
    assert "dominated" not in text


def test_running_jobs_are_listed(store: Store, visit: Open) -> None:
    spec = made_up_spec("live")
    store.create_study(spec)
    job = store.create_job("search", spec.to_dict(), study="live")
    store.claim_job(job.id, job.attempt, this_process())
    store.heartbeat(job.id, 1, Progress(done=1, total=4, stage=Stage.TRAINING_CANDIDATES, eta_s=9))
    app = visit("home")
    assert f"Job {job.id}, live: Training candidates" in shown(app)
    assert "Watch" in [link.proto.label for link in app.get("page_link")]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("search", "search"),
        ("finetune", "models"),
        ("agora", "agora"),
        ("latency", "machine"),
        ("agora-comparison", "search"),
    ],
)
def test_a_running_job_is_watched_on_its_own_page(
    store: Store, visit: Open, kind: str, page: str
) -> None:
    job = store.create_job(kind, {})
    store.claim_job(job.id, job.attempt, this_process())
    links = [link.proto for link in visit("home").get("page_link")]
    (watch,) = [link for link in links if link.label == "Watch"]
    assert watch.page == page
    assert watch.query_string == f"job={job.id}"


def test_every_kind_of_job_has_a_page_that_shows_it() -> None:
    pages = {navigation.watched_on(kind) for kind in RUNNERS}
    others = {navigation.MODELS, navigation.AGORA, navigation.MACHINE}
    assert pages == {navigation.SEARCH, *others}


PAINT = """
import sys
from streamlit.testing.v1 import AppTest
for page in ("home", "machine", "agora", "search", "pareto", "models", "learn", "lesson"):
    app = AppTest.from_file(sys.argv[1], default_timeout=120)
    if page != "home":
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception, (page, app.exception)
    heavy = ("torch", "transformers", "datasets", "sklearn", "onnxruntime")
    print(page, [name for name in heavy if name in sys.modules])
"""


def test_painting_a_page_loads_nothing_heavy(store: Store, tmp_path: Path) -> None:
    fill(store, "full", budget=6)
    command = [sys.executable, "-c", PAINT, str(APP)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    said = out.stdout.splitlines()
    assert len(said) == 8
    assert [line for line in said if not line.endswith(" []")] == []
