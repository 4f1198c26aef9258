"""The HTML file of an Agora run: its map is in it, its texts only if asked for."""

from pathlib import Path

import numpy as np
from test_agora_page import HOSTILE, made_up_round, point, reviews

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.study import TaskSpec
from bort.figures.agora_report import agora_report
from bort.storage import Store
from bort.storage.agora import write_places
from bort.studies.agora import dev_items, read_run


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
