"""From an empty page Models to downloaded files: what a person does with a pick."""

import json
import re
import zipfile

import pytest
import tiny
from dashboard import PATIENCE_S, held, store_url
from made_up_study import made_up_profile
from playwright.sync_api import expect

from bort.core import paths
from bort.core.evaluation import Evaluation
from bort.core.study import LatencySpec, StudySpec, TaskSpec, TrainingSpec
from bort.export.opening import import_bundle
from bort.families import load_space
from bort.storage import Thing, ThingKind, ensure_example_jobs, open_store

pytestmark = pytest.mark.browser

PICK = "1-2-8-16"
ERRORS = {PICK: 0.2, "2-2-16-32": 0.1}
SENTENCE = "a lovely film and a very clever ending"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Prepare a finished search, with latencies measured on another machine."""
    folder = tmp_path_factory.mktemp("models")
    space = load_space(str(tiny.write_space(folder / "tiny.toml")))
    spec = StudySpec(
        name="story",
        space=space.to_dict(),
        task=TaskSpec(task=str(tiny.write_task(folder / "reviews.csv", rows=300))),
        training=TrainingSpec(
            source=str(tiny.write_source(folder / "source")), device="cpu", threads=1
        ),
        latency=LatencySpec(sequence_length=16, threads=1),
    )
    profile = made_up_profile(space)
    with open_store(store_url(folder)) as store:
        ensure_example_jobs(store, paths.example_jobs())
        for model in store.models():  # the story begins without any
            store.delete(Thing(ThingKind.MODEL, model.name))
        store.put_profile(profile.to_dict(), profile.name)
        store.create_study(spec, profile=profile.name)
        for pick, error in ERRORS.items():
            values = space.named(pick).as_dict()
            store.add_evaluation("story", pick, values, Evaluation(error, 0.03, 90, steps=20))
    return folder


def own_job(place):
    """The number of this home's only job that is not a finished example."""
    with open_store(store_url(place)) as store:
        [job] = [job for job in store.jobs() if not job.is_example]
    return job.id


def keep_latencies(place):
    """Act like a resumed job, which does not repeat a finished measurement.

    The measurement has its own tests. It waits for a quiet machine, and a story should not.
    """
    times = {PICK: 0.5, "teacher": 1.5, "landmark TinyBERT-4": 6.0}
    models = {
        name: {"median_ms": ms, "low_ms": 0.9 * ms, "high_ms": 1.1 * ms, "p95_ms": 1.2 * ms}
        for name, ms in times.items()
    }
    measured = {"workload": "batch 1", "fingerprint": {}, "noise_ok": True, "noise": []}
    task = str(place / "reviews.csv").replace("/", "_")
    kept = place / "runs" / f"job-{own_job(place)}" / "work" / task / "latencies.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"torch-float32": {**measured, "models": models}}))


def test_from_an_empty_page_to_files(place, address, visit, monkeypatch):
    with visit(address) as reader:
        begin(reader)
        keep_latencies(place)
        watch(reader, place)
        read(reader)
        file = answer_a_sentence(reader, place)
        monkeypatch.setenv("BORT_HOME", str(place))
        with open_store(store_url(place)) as store:
            trained = store.models()[0].name
            opened, _ = import_bundle(store, file)
        choose(reader, trained, opened.name)
        see_it_on_its_front(reader)


def begin(reader):
    """The empty page leads to the front, a point on it to a plan, and the plan to a job."""
    page = reader.page
    reader.open("/models")
    expect(page.get_by_text("There is no trained model yet. Pick a point")).to_be_visible()
    expect(page.get_by_text("bort finetune --best")).to_be_visible()
    page.get_by_role("link", name="Open the Pareto front").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pareto front")
    reader.settle()
    expect(reader.detail()).to_have_text(PICK)
    page.get_by_role("button", name="Fine-tune this point").click()
    expect(page.get_by_text("Before you start")).to_be_visible()
    start = page.get_by_role("button", name="Start", exact=True)
    start.scroll_into_view_if_needed()
    reader.settle()
    expect(page.get_by_text(f"bort finetune --study story --pick {PICK}")).to_be_visible()
    expect(reader.problems()).to_have_count(0)
    start.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    expect(page.get_by_text(f"Fine-tuning {PICK}")).to_be_visible()


def watch(reader, place):
    """The job trains while we watch, and ends."""
    page = reader.page
    with held(place, once=lambda _, job: job.progress.numbers.get("loss") is not None):
        expect(page.get_by_test_id("stProgress")).to_be_visible()
        loss = page.get_by_test_id("stMetric").filter(has_text="Loss")
        expect(loss).to_contain_text(re.compile(r"\d\.\d{3}"))
    expect(page.get_by_text(f"Job {own_job(place)} is done;")).to_be_visible(
        timeout=3000 * PATIENCE_S
    )
    reader.settle()
    assert reader.query() == {"job": [str(own_job(place))]}
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(reader.problems()).to_have_count(0)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text(f"Fine-tuning {PICK}")).to_have_count(0)
    reader.settle()
    assert reader.query() == {}


def read(reader):
    """Figures, the row next to the teacher's, and each stage's curves."""
    page = reader.page
    expect(page.get_by_text("which no choice was based on")).to_be_visible()
    for name, unit in (
        ("Audit accuracy", "%"),
        ("Of its teacher", "%"),
        ("Beside its teacher, network alone", "as fast"),
    ):
        metric = page.get_by_test_id("stMetric").filter(has_text=name)
        expect(metric).to_contain_text(re.compile(rf"\d\.\d.*{unit}"))
    beside = page.get_by_test_id("stDataFrame").first
    for text in ("tf-idf with logistic regression", "TinyBERT-4, nearest in size", "6"):
        expect(cell(beside, text)).to_be_attached()
    for stage in ("distil", "finetune", "plain"):
        page.get_by_role("radio", name=stage).click()
        reader.settle()
        expect(reader.charts()).to_have_count(6)  # place on the front, mistakes, and curves


def cell(table, text):
    """Return the first cell with this value, as a screen reader finds it."""
    value = re.compile(f"^{re.escape(text)}$")
    return table.locator("[role=gridcell]").filter(has_text=value).first


def answer_a_sentence(reader, place):
    """Ask, and download the run bundle while the models load; returns its path."""
    page = reader.page
    page.get_by_role("button", name="Answer").click()
    expect(reader.problems()).to_have_text("there is no text to try; write a sentence")
    page.get_by_label("Your own sentence").fill(SENTENCE)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Answer").click()
        page.get_by_role("button", name="Run bundle").click()
    target = place / begun.value.suggested_filename
    begun.value.save_as(target)
    with zipfile.ZipFile(target) as bundle:
        assert {"manifest.json", "model/model.safetensors"} <= set(bundle.namelist())
    answers = page.locator(".bort-table")
    expect(answers).to_contain_text(re.compile(r"good\s*\d+\.\d%\s*\d+\.\d%"))
    expect(answers).to_contain_text(re.compile(r"latency\s*\d+\.\d\d ms\s*\d+\.\d\d ms"))
    expect(page.get_by_text(re.compile("The model (was|took) .* here"))).to_be_visible()
    expect(reader.problems()).to_have_count(0)
    reader.settle()
    return target


def choose(reader, trained, opened):
    """Two are listed, the imported one shown; the other one, once chosen, survives a reload."""
    page = reader.page
    page.reload()
    reader.settle()
    for text in (PICK, "story", "reviews.csv", "3"):
        expect(cell(page.get_by_test_id("stDataFrame").first, text)).to_be_attached()
    shown = page.locator(".bort-name")
    expect(shown).to_have_text(opened)
    expect(page.get_by_text("imported, read-only")).to_be_visible()
    expect(page.get_by_text("which does not contain its curves")).to_be_visible()
    reader.choose("Model", trained)
    for _ in range(2):
        expect(shown).to_have_text(trained)
        assert reader.query() == {"model": [trained]}
        expect(reader.charts()).to_have_count(6)  # place on the front, mistakes, and curves
        page.reload()
        reader.settle()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def see_it_on_its_front(reader):
    reader.open("/pareto?study=story")
    expect(reader.page.get_by_text("a fully trained model")).to_be_visible()
    expect(reader.problems()).to_have_count(0)
