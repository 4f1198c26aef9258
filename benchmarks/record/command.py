"""`bort bench record`: trains every architecture of a space and keeps every row."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.core.scratch import temporary
from bort.studies.parts import TASK

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.record.recording import Conditions, RecordingLog
    from bort.core.architecture import Architecture
    from bort.core.evaluation import Evaluation
    from bort.core.study import StudySpec, TrainingSpec
    from bort.training.oracle import ErrorOracle

    Begin = Callable[[Architecture, int], Callable[[], Evaluation]]

MOST = 1000  # trainings at once


@click.command()
@click.option("--space", default="small", show_default=True, metavar="NAME|FILE.toml")
@options.asks(TASK)
@click.option("--seeds", default=3, show_default=True, help="Trainings per architecture.")
@click.option(
    "--count",
    type=int,
    metavar="N",
    help="Only N architectures, spread over families and sizes.  [default: all]",
)
@click.option(
    "--steps",
    type=int,
    show_default="as many as a search takes",
    help="Optimiser steps per training.",
)
@click.option("--batch-size", default=32, show_default=True, help="Texts per step.")
@click.option(
    "--initialise", default="inherit", show_default=True, type=click.Choice(["inherit", "scratch"])
)
@click.option("--threads", default=1, show_default=True, help="CPU threads per training.")
@click.option(
    "--parallel",
    default=1,
    show_default=True,
    metavar="N",
    help="Trainings at once, in processes of their own or on the nodes of --workers. Their dev "
    "errors along the way are not kept.",
)
@click.option(
    "--workers",
    metavar="ray[:HOST:PORT]",
    help="Let the nodes of a Ray cluster train; see docs/machines.md.",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Latency profile for the table, as `bort latency measure --out FILE` writes it.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="The table to write. The log of trainings goes next to it, as FILE-trainings.csv, with "
    "their dev errors along the way, as FILE-curves.csv.",
)
@click.option("--table-only", is_flag=True, help="Make the table from the log without training.")
@options.as_json
def record(
    space: str,
    seeds: int,
    count: int | None,
    steps: int | None,
    batch_size: int,
    initialise: Any,
    threads: int,
    parallel: int,
    workers: str | None,
    profile: Path | None,
    out: Path,
    table_only: bool,
    as_json: bool,
    **task: Any,
) -> None:
    """Train every architecture of a space with every seed, and write a table that searches can use.

    One row is appended to the log as each training ends. If you stop the command at any moment and
    start it again, it continues where it stopped. It does not measure latency: give it a profile
    that was measured on a quiet machine, now or later with --table-only.

    \b
    Examples:
      bort bench record --seeds 1 --out reviews.csv
      bort bench record --count 120 --out reviews.csv
      bort bench record --parallel 2 --out reviews.csv
      bort bench record --space data/recorded/minilm-96.toml --steps 200 --out minilm.csv
      bort bench record --task tweets --space small.toml --seeds 2 --out tweets.csv
      bort bench record --out reviews.csv --profile quiet.json --table-only
    """
    from benchmarks.record.recording import RecordingLog, spread, table
    from bort.core.serialise import to_json
    from bort.core.study import SearchSpec, StudySpec, TrainingSpec
    from bort.families import load_space
    from bort.latency.profile import read_profile
    from bort.studies.workers import check_workers

    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    if not 1 <= parallel <= MOST:
        raise InvalidOptionError(f"--parallel must be 1 to {MOST}, got {parallel}")
    if workers is not None and parallel == 1:
        raise InvalidOptionError("--workers trains several at once; say how many with --parallel")
    check_workers(workers)
    searched = load_space(space)
    rows = None if count is None else spread(searched, count)
    measured = None if profile is None else read_profile(profile)
    spec = TrainingSpec(
        steps=steps,
        batch_size=batch_size,
        seeds=seeds,
        initialise=initialise,
        threads=threads,
        device="cpu",
    )
    described = TASK.build(read(task, TASK))
    oracle = _oracle(described, spec, searched)
    path = out.with_name(f"{out.stem}-trainings.csv")
    log = RecordingLog(path, searched, _conditions(oracle))
    if not table_only:
        study = StudySpec(
            name=out.stem,
            space=searched.to_dict(),
            task=described,
            training=spec,
            search=SearchSpec(parallel=parallel),
        )
        with _begin(oracle, study, workers, out) as begin:
            _train_all(oracle, log, begin, rows, at_once=parallel)
    result = table(log, searched, measured)
    _write(out, result)
    answer = {
        "table": str(out),
        "log": str(log.path),
        "architectures": len(result),
        "of": len(searched),
        "trainings": len(log.done),
        "oracle": to_json(oracle.describe()),
        "profile": None if measured is None else measured.name,
        "fingerprint": None if measured is None else measured.fingerprint.to_dict(),
    }
    if as_json:
        options.print_json(answer)
    else:
        click.echo(f"{len(result)} architectures, {len(log.done)} trainings: {out}")


def _oracle(task: Any, spec: "TrainingSpec", space: Any) -> "ErrorOracle":
    from benchmarks.record.recording import LOOKS
    from bort.tasks import load_task
    from bort.training.oracle import ErrorOracle

    oracle = ErrorOracle(load_task(task), spec, space, seed=0, on_step=lambda _text: None)
    oracle.looks = frozenset(round(share * oracle.steps) for share in LOOKS)
    return oracle


def _conditions(oracle: "ErrorOracle") -> "Conditions":
    from benchmarks.record.recording import Conditions

    facts = oracle.describe()
    return Conditions(
        space=oracle.space.digest,
        task=facts.task_digest or "",
        teacher=facts.teacher_sha256 or "",
        steps=oracle.steps,
        batch_size=oracle.spec.batch_size,
        initialise=oracle.spec.initialise,
        threads=oracle.threads,
    )


@contextmanager
def _begin(
    oracle: "ErrorOracle", study: "StudySpec", workers: str | None, out: Path
) -> Iterator["Begin"]:
    """Make the function that begins a training: in this process, or with workers."""
    from benchmarks.record.recording import CurveLog
    from bort.core.locks import training_turn
    from bort.core.workers import WorkersSpec
    from bort.jobs.kinds.trainings import asked_of, make_pool
    from bort.jobs.workers.messages import evaluation_in, evaluation_message

    if study.search.parallel == 1:
        path = out.with_name(f"{out.stem}-curves.csv")
        curves = CurveLog(path, oracle.space, _conditions(oracle))

        def train(architecture: "Architecture", seed: int) -> "Evaluation":
            with training_turn(oracle.spec.threads, lambda: False):
                trained = oracle.train(architecture, seed)
            curves.add(architecture, seed, trained.curve)
            return trained.evaluation

        yield lambda architecture, seed: partial(train, architecture, seed)
        return
    with temporary("record") as folder:
        pool = make_pool(
            asked_of(study, oracle, folder),
            WorkersSpec(workers=workers).address,
            on_refusal=lambda line: click.echo(line, err=True),
            on_change=lambda states: None,  # noqa: ARG005
        )
        if pool is None:
            raise InvalidOptionError(
                f"--parallel {study.search.parallel}: this machine has room for one training with "
                f"{oracle.threads} threads; leave it out"
            )

        def begin(architecture: "Architecture", seed: int) -> Callable[[], "Evaluation"]:
            future = pool.submit(evaluation_message(architecture, seed))
            return lambda: evaluation_in(future.result())

        try:
            yield begin
        finally:
            pool.close()


def _train_all(
    oracle: "ErrorOracle",
    log: "RecordingLog",
    begin: "Begin",
    rows: list[int] | None,
    *,
    at_once: int,
) -> None:
    from benchmarks.record.recording import record as record_rows
    from bort.core.progress import Progress, Stage
    from bort.report.job_terminal import progress

    total, before = len(rows or oracle.space) * len(oracle.seeds), len(log.done)
    started = time.monotonic()
    with progress("Recording") as show:
        show(Progress(done=before, total=total))
        for architecture, evaluation in record_rows(
            oracle.space, oracle.seeds, log, begin, rows=rows, at_once=at_once
        ):
            done = len(log.done)
            each = (time.monotonic() - started) / (done - before)
            show(
                Progress(
                    done=done,
                    total=total,
                    stage=Stage.TRAINING_CANDIDATES,
                    subject=architecture.id,
                    eta_s=each * (total - done),
                    numbers={"error": evaluation.error_rate},
                )
            )


def _write(path: Path, table: "pd.DataFrame") -> None:
    from bort.core.files import write_atomically

    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())
