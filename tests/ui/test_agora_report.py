"""The HTML file of an Agora run: its map is in it, its texts only if asked for."""

from pathlib import Path

import numpy as np
from made_up_runs import made_up_round, point
from test_agora_page import HOSTILE, reviews

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.study import TaskSpec
from bort.figures.agora_report import agora_report
from bort.finetuning.accepted import accepted_count, describe_accepted
from bort.storage import Store
from bort.storage.agora import write_places
from bort.studies.agora import dev_items, read_run
from bort.tasks import load_task


def test_what_was_accepted_becomes_a_task_with_the_splits_of_the_run(
    store: Store, tmp_path: Path
) -> None:
    task = TaskSpec(task=str(reviews(tmp_path / "reviews.csv")), labelled=60)
    spec = TextSpec(
        study="texts",
        task=task,
        space=small_space("2-2-32-64", {}).to_dict(),
        architecture="2-2-32-64",
    )
    job = store.create_job("agora", spec.to_dict())
    points = [point("a fine new film"), point("far away", "outside-radius")]
    store.add_agora_round(job.id, 0, *made_up_round(0, points, is_last=True))
    run = read_run(store, job)
    assert accepted_count(run) == 1
    described = describe_accepted(run, seeds=2)
    assert (described.picks, described.seeds) == (("2-2-32-64",), 2)
    before, after = load_task(task), load_task(described.tasks[0])
    assert after.train.texts == (*before.train.texts, "a fine new film")
    assert (after.dev.texts, after.audit.texts) == (before.dev.texts, before.audit.texts)


def test_the_report_has_the_map_and_no_text_unless_asked(store: Store, tmp_path: Path) -> None:
    spec = TextSpec(
        study="texts",
        task=TaskSpec(task=str(reviews(tmp_path / "reviews.csv"))),
        space=small_space("2-2-32-64", {}).to_dict(),
        architecture="2-2-32-64",
    )
    job = store.create_job("agora", spec.to_dict())
    store.add_agora_round(job.id, 0, *made_up_round(0, [point(HOSTILE)], is_last=True))
    kept = {"pca-kept": np.array([0.2, 0.1])}
    dev = dev_items(spec)
    write_places(job, None, {"pca": np.zeros((len(dev.values), 2)), **kept})
    write_places(job, 0, {"pca": np.ones((1, 2)), "off": np.zeros(1)})
    run = read_run(store, job)
    page = agora_report(run, dev)
    assert "default-src 'none'" in page
    assert "bortMap.create" in page
    assert "film number" not in page
    assert "outside.example" not in page
    whole = agora_report(run, dev, with_texts=True)
    assert "film number" in whole
    assert HOSTILE not in whole
    assert "&lt;b&gt;Bad&lt;/b&gt;" in whole
    assert len(whole.encode()) < 8_000_000
