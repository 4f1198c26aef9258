"""`bort bench record`: trains every architecture of a space and keeps every row."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.studies.parts import TASK

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.record.recording import Conditions, CurveLog, RecordingLog
    from bort.core.study import TrainingSpec
    from bort.training.oracle import ErrorOracle


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
      bort bench record --space data/recorded/minilm-96.toml --steps 200 --out minilm.csv
      bort bench record --task tweets --space small.toml --seeds 2 --out tweets.csv
      bort bench record --out reviews.csv --profile quiet.json --table-only
    """
    from benchmarks.record.recording import CurveLog, RecordingLog, spread, table
    from bort.core.study import TrainingSpec
    from bort.families import load_space
    from bort.latency.profile import read_profile

    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
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
    oracle = _oracle(TASK.build(read(task, TASK)), spec, searched)
    path = out.with_name(f"{out.stem}-trainings.csv")
    log = RecordingLog(path, searched, _conditions(oracle))
    if not table_only:
        curves = CurveLog(out.with_name(f"{out.stem}-curves.csv"), searched, _conditions(oracle))
        _train_all(oracle, log, curves, rows)
    result = table(log, searched, measured)
    _write(out, result)
    answer = {
        "table": str(out),
        "log": str(log.path),
        "architectures": len(result),
        "of": len(searched),
        "trainings": len(log.done),
        "oracle": oracle.describe(),
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


def _train_all(
    oracle: "ErrorOracle", log: "RecordingLog", curves: "CurveLog", rows: list[int] | None
) -> None:
    from benchmarks.record.recording import record as record_rows
    from bort.core.locks import training_turn
    from bort.core.progress import Progress, Stage
    from bort.report.job_terminal import progress

    def train(architecture: Any, seed: int) -> Any:
        with training_turn(oracle.spec.threads, lambda: False):
            trained = oracle.train(architecture, seed)
        curves.add(architecture, seed, trained.curve)
        return trained.evaluation

    total, before = len(rows or oracle.space) * len(oracle.seeds), len(log.done)
    started = time.monotonic()
    with progress("Recording") as show:
        show(Progress(done=before, total=total))
        for architecture, evaluation in record_rows(
            oracle.space, oracle.seeds, log, train, rows=rows
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
