"""A home with one of everything, and one good file of every kind that a command reads."""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from made_up_study import fill, made_up_profile

from bort.storage import open_store


@dataclass(frozen=True)
class World:
    """Good files by name, and a home to copy for each case.

    Attributes:
        files: in one folder, which no command writes.
        home: its store has the studies `quick` and `made-up`, the profile `made-up`, the model
            `made-up-model` and the jobs 1 (Agora), 2 (search, failed) and 3 (cancelled).
    """

    files: Path
    home: Path


def make_world(folder: Path) -> World:
    """Make it in two folders of `folder`; takes a few seconds, most of them to import torch."""
    files, home = folder / "files", folder / "home"
    files.mkdir(parents=True)
    before = os.environ.get("BORT_HOME")
    os.environ["BORT_HOME"] = str(home)
    try:
        _fill_home(files, home)
    finally:
        os.environ.pop("BORT_HOME") if before is None else os.environ.update(BORT_HOME=before)
    _write_tables(files)
    _write_certificate(files)
    _write_optuna(files)
    return World(files, home)


def _fill_home(files: Path, home: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
    from made_up_model import write_model

    from bort.core.files import write_json_atomically
    from bort.export.bundle import export_bundle
    from bort.export.folder import export_huggingface
    from bort.families import load_space
    from bort.jobs.runtime.process import this_process
    from bort.latency.profile import write_profile
    from bort.storage import JobState
    from bort.studies.answers.read import study_certificate

    with open_store() as store:
        fill(store, "quick", budget=12)
        model = write_model(store, files)
        torus = store.create_job("agora", {"study": "torus", "task": "torus"}, study="torus")
        failed = store.create_job("search", {"name": "quick"}, study="quick")
        stopped = store.create_job("search", {"name": "quick"}, study="quick")
        ends = (JobState.CANCELLED, JobState.FAILED, JobState.CANCELLED)
        for job, state in zip((torus, failed, stopped), ends, strict=True):
            store.claim_job(job.id, job.attempt, this_process())
            store.finish_job(job.id, job.attempt, state)
        export_bundle(store, model, files / "bundle.zip")
        export_huggingface(model, files / "hf")
        write_profile(made_up_profile(load_space("minilm")), files / "profile.json")
        write_json_atomically(files / "study.json", study_certificate(store, "quick"))


def _write_tables(files: Path) -> None:
    import pandas as pd

    lines = ["depth,width,kind,params,ms,err"]
    for depth in (1, 2, 3):
        for width in (16, 32):
            for kind, share in (("dense", 1.0), ("sparse", 0.4)):
                size = share * depth * width**2
                lines.append(
                    f"{depth},{width},{kind},{size},{size**0.7:.4f},{0.5 * size**-0.1:.4f}"
                )
    (files / "bench.csv").write_text("\n".join(lines) + "\n")
    frame = pd.read_csv(files / "bench.csv")
    frame.to_json(files / "bench.jsonl", orient="records", lines=True)
    frame.to_parquet(files / "bench.parquet")
    with (files / "reviews.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pd.DataFrame(rows).to_json(files / "reviews.jsonl", orient="records", lines=True)
    pd.DataFrame(rows).to_parquet(files / "reviews.parquet")
    (files / "texts.txt").write_text("a fine film\nthe plot was dull\n")
    pd.DataFrame({"text": [row["text"] for row in rows], "bad": 0.5, "good": 0.5}).to_csv(
        files / "answers.csv", index=False
    )


def _write_certificate(files: Path) -> None:
    from bort.core.files import write_json_atomically
    from bort.core.question import Question
    from bort.core.study import SearchSpec
    from bort.core.table_source import TableSource, digest_of
    from bort.studies.answers.rows import Columns
    from bort.studies.answers.table import search_table
    from bort.studies.recorded_table import read_source

    path = files / "bench.csv"
    source = TableSource(
        sha256=digest_of(path),
        size="params",
        latency="ms",
        error="err",
        error_se=None,
        maximise=(),
        dimensions=None,
        drop_failed=False,
    )
    columns = Columns("params", "ms", "err", None)
    spec = SearchSpec(question=Question(epsilon=0.1), audit=2)
    _, content = search_table(read_source(path, source), columns, spec, source=source)
    write_json_atomically(files / "certificate.json", content)


def _write_optuna(files: Path) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal = optuna.storages.journal.JournalFileBackend(str(files / "journal.log"))
    for storage in (f"sqlite:///{files}/optuna.db", optuna.storages.JournalStorage(journal)):
        study = optuna.create_study(
            study_name="tuning", storage=storage, directions=["minimize"] * 3
        )
        for width in (16, 32, 64):
            study.add_trial(
                optuna.trial.create_trial(
                    params={"width": width},
                    distributions={"width": optuna.distributions.IntDistribution(1, 99)},
                    values=[width**2, width**1.5, 1 / width],
                )
            )
