"""HTML, scripts, Markdown, LaTeX and formulas wherever data is shown: all of it stays text."""

import csv
import json
from dataclasses import replace
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from dashboard import serving, store_url
from made_up_models import add_model, finished_job, wrong_answers
from made_up_rivals import COMPARISON, add_comparison
from made_up_runs import made_up_round, point
from made_up_study import fill
from playwright.sync_api import expect

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.progress import Progress, Stage
from bort.core.study import TaskSpec
from bort.jobs.runtime.process import this_process
from bort.storage import Ending, EndingCode, JobState, open_store
from bort.storage.agora import write_places
from bort.studies.agora import dev_items
from bort.studies.answers import read_answer

pytestmark = pytest.mark.browser

STUDY = "made_up_study"
FILE = "a ![x](http:outside.example) $a^2$ **bold** :red[x] <b>bold<b> `c`.csv"
HOSTILE = (
    "=1+1 <b>bold</b><script>window.ran = 1</script><img src=x onerror='window.ran = 1'> "
    "![x](http://outside.example/x.png) [l](http://outside.example/l) $a^2$ **bold** :red[x] `c`"
)

# What would be there if somebody's data were read as anything but text.
READ_AS_MARKUP = """() => [
  ...(window.ran ? ["a script ran"] : []),
  ...[...document.querySelectorAll(
      ".katex, [href*='outside.example'], [src*='outside.example'], [onerror]")],
  ...[...document.querySelectorAll("strong, b, em")].filter((e) => e.textContent.trim() === "bold"),
  ...[...document.querySelectorAll("code")].filter((e) => e.textContent.trim() === "c"),
].map((found) => found.outerHTML ?? found)"""


@pytest.fixture(scope="module")
def links(tmp_path_factory):
    """A home full of hostile data; returns it and the paths that show the data."""
    home = tmp_path_factory.mktemp("home")
    file = home / FILE
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow((HOSTILE, "label"))
        for i in range(200):
            word = "".join(chr(97 + int(digit)) for digit in f"{i:05}")
            rows.writerow((f"{HOSTILE} {word} {word[::-1]}{i % 2}", f"{HOSTILE} {i % 2}"))
    task = TaskSpec(task=str(file), text=(HOSTILE,))
    with open_store(store_url(home)) as store:
        spec = fill(store, STUDY, budget=12).spec.to_dict()
        pick = read_answer(store, STUDY).front[1].id
        rivals = add_models(store, pick, task)
        failed = add_job(store, spec)
        store.finish_job(
            failed, 1, JobState.FAILED, ending=Ending(EndingCode.FAILED, message=HOSTILE)
        )
        running = add_job(store, spec)
        agora = add_run(store, task)
    table = bring_table(home)
    return home, running, [
        "/",
        f"/search?job={failed}",
        f"/pareto?study={STUDY}&pick={pick}",
        f"/pareto?{urlencode({'study': HOSTILE, 'pick': HOSTILE})}",
        f"/pareto?{urlencode({'table': table['table']})}",
        f"/pareto?{urlencode(table)}",
        f"/models?{urlencode({'model': HOSTILE})}",
        f"/models?job={rivals}",
        f"/agora?job={agora}&point=0:1",
    ]  # fmt: skip


def add_job(store, spec):
    job = store.create_job("search", spec, study=STUDY)
    store.claim_job(job.id, job.attempt, this_process())
    store.heartbeat(job.id, 1, Progress(3, 9, Stage.PREPARING_TASK, f"{FILE} {HOSTILE}", 42))
    return job.id


def add_models(store, pick, task):
    realised, evidence = wrong_answers(task)
    evidence["data"] |= {"text": [HOSTILE, f"{HOSTILE} 2"], "title": HOSTILE}
    job = finished_job(store, STUDY, pick)
    for name, job_id in (("good", job.id), (HOSTILE, None)):
        add_model(
            store,
            name,
            STUDY,
            pick,
            job_id=job_id,
            task_spec=task.to_dict(),
            more_evidence=evidence,
            landmark={"name": HOSTILE, "parameter_count": 55_900_000, "latency_ms": 60.0},
            **realised,
        )
    theirs = replace(COMPARISON.rows[0], name=HOSTILE, accuracy=0.9)
    return add_comparison(store, task, rows=(*COMPARISON.rows, theirs)).id


def add_run(store, task):
    space = small_space("2-2-32-64", {}).to_dict()
    spec = TextSpec(study="texts", task=task, space=space, architecture="2-2-32-64")
    job = store.create_job("agora", spec.to_dict())
    store.claim_job(job.id, 1, this_process())
    points = [point(HOSTILE), point(f"{HOSTILE} more", sampler=HOSTILE)]
    store.add_agora_round(job.id, 0, *made_up_round(0, points))
    store.add_agora_round(job.id, 1, *made_up_round(1, [], is_last=True))
    names = [f"{HOSTILE} 0", f"{HOSTILE} 1"]
    store.finish_job(job.id, 1, JobState.DONE, result={"described": {"class_names": names}})
    job, rng = store.job(job.id), np.random.default_rng(0)
    dev = dev_items(spec)
    write_places(
        job, None, {"pca": rng.normal(size=(len(dev.values), 2)), "pca-kept": np.array([0.4, 0.1])}
    )
    write_places(job, 0, {"pca": rng.normal(size=(2, 2)), "off": np.array([0.0, 1.0])})
    return job.id


def bring_table(home):
    """Keep a table as an upload does; returns the query that shows its front."""
    reference = f"{'0' * 16}/table.csv"
    file = home / "uploads" / reference
    file.parent.mkdir(parents=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(("name", *(f"{HOSTILE} {name}" for name in "abcd")))
        for n in range(1, 10):
            rows.writerow((f"{HOSTILE} {n}", f"{HOSTILE} {n}", 100 * n, n / 7, 0.5 / n))
    a, b, c, d = (f"{HOSTILE} {name}" for name in "abcd")
    columns = {"size": b, "latency": c, "error": d, "error_se": None, "maximise": []}
    columns |= {"dimensions": [a], "drop_failed": False}
    others = {"pick": f"{HOSTILE} 2", "with": quote(f"{HOSTILE} 3", safe="")}
    return {"table": reference, "columns": json.dumps(columns), **others}


def test_data_is_text_on_every_page(links, visit):
    home, running, paths = links
    with serving(home) as address, visit(address) as reader:
        for path in paths:
            reader.open(path)
            for expander in reader.page.get_by_test_id("stExpander").locator("summary").all():
                expander.click()
            reader.settle()
            assert (path, reader.page.evaluate(READ_AS_MARKUP)) == (path, [])
            expect(reader.page.get_by_test_id("stException")).to_have_count(0)
        with open_store(store_url(home)) as store:
            store.finish_job(running, 1, JobState.FAILED, ending=Ending(EndingCode.UNKNOWN))
        reader.open("/models?model=good")
        the_csv_of_a_table_calculates_nothing(reader)


def the_csv_of_a_table_calculates_nothing(reader):
    """The table of mistakes, whose texts and classes begin like a formula."""
    table = reader.page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    reader.page.evaluate("() => (window.showSaveFilePicker = () => Promise.reject(new Error()))")
    save = reader.page.get_by_role("button", name="Download as CSV: Dev texts")
    with reader.page.expect_download() as started:
        save.evaluate("button => button.click()")  # the table below would catch the pointer
    rows = list(csv.reader(started.value.path().read_text("utf-8-sig").splitlines()))
    assert any(HOSTILE in cell for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
