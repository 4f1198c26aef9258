"""`bort bench training`: compares our training with transformers.Trainer."""

from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks import say
from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.studies.parts import TASK

if TYPE_CHECKING:
    from benchmarks.training.rows import Run, Setting
    from bort.core.architecture import Architecture
    from bort.training.oracle import ErrorOracle

ARCHITECTURES = "1-12-96-192,4-12-96-768,2-12-192-768,4-4-288-768,6-12-384-1536"


@click.command()
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@click.option(
    "--architectures",
    default=ARCHITECTURES,
    show_default=True,
    metavar="ID,ID,...",
    help="Architectures to train, by id.",
)
@click.option("--steps", default=200, show_default=True, help="Optimiser steps per training.")
@click.option("--batch-size", default=32, show_default=True, help="Examples per step.")
@click.option(
    "--seeds",
    default=2,
    show_default=True,
    help="Trainings per architecture, ours and the Trainer's each.",
)
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder for training.md and training.csv. Runs listed in training.csv are not repeated.",
)
@options.asks(TASK)
@options.as_json
def training(
    space: str,
    architectures: str,
    steps: int,
    batch_size: int,
    seeds: int,
    threads: int | None,
    out: Path | None,
    as_json: bool,
    **task: Any,
) -> None:
    """Train the same architectures with our code and with transformers.Trainer.

    Both start from the same random weights and learn the same hard labels for the same number of
    steps. They take turns, five steps each, so that a busy machine slows both. Two more columns
    show the architecture as the search trains it, with the teacher's labels: from scratch
    (`--initialise scratch`), and with inherited weights (the default).

    \b
    Examples:
      bort bench training
      bort bench training --architectures 2-12-192-768 --seeds 5 --json
      bort bench training --out docs/bench
    """
    from benchmarks.training.rows import Setting, read_runs, report, summary, write_report
    from bort.core.serialise import to_json
    from bort.core.study import TrainingSpec
    from bort.families import load_space
    from bort.report.jobs import sentence
    from bort.tasks import load_task
    from bort.training.oracle import ErrorOracle

    spec = TrainingSpec(steps=steps, batch_size=batch_size, threads=threads, device="cpu")
    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    searched = load_space(space)
    chosen = [searched.named(name.strip()) for name in architectures.split(",")]
    oracle = ErrorOracle(
        load_task(TASK.build(read(task, TASK))),
        spec,
        searched,
        seed=0,
        on_step=lambda step: say(sentence(step)),
    )
    setting = Setting(steps=steps, batch_size=batch_size, threads=oracle.threads)
    runs = [] if out is None else read_runs(out, setting)
    done = {(run.architecture, run.seed) for run in runs}
    for run in _runs(oracle, setting, chosen, seeds, done):
        runs.append(run)
        say("")
        click.echo(
            f"{run.architecture} seed {run.seed}: {run.speedup:.1f}x, "
            f"dev error {run.trainer_error:.3f} (Trainer) {run.our_error:.3f} (ours)",
            err=True,
        )
        if out is not None:
            write_report(out, summary(runs, to_json(oracle.describe())))
    answer = summary(runs, to_json(oracle.describe()))
    if as_json:
        options.print_json(to_json(answer))
    else:
        click.echo(report(answer))


def _runs(
    oracle: "ErrorOracle",
    setting: "Setting",
    architectures: list["Architecture"],
    seeds: int,
    done: set[tuple[str, int]],
) -> Iterator["Run"]:
    """Make the missing trainings seed by seed, so that a slow spell affects all alike."""
    from benchmarks.training.comparison import compare
    from benchmarks.training.rows import Run
    from bort.training.execution import training_threads

    from_scratch = copy(oracle)
    from_scratch.spec = replace(oracle.spec, initialise="scratch")
    for seed in range(seeds):
        for architecture in architectures:
            if (architecture.id, seed) in done:
                continue
            say(f"Training {architecture.id} with seed {seed}, in turns with the Trainer")
            with training_threads(oracle.threads):
                comparison = compare(
                    oracle.task,
                    oracle.encoded,
                    oracle.space,
                    architecture,
                    steps=oracle.steps,
                    batch_size=oracle.spec.batch_size,
                    seed=seed,
                )
            scratch = from_scratch.evaluate(architecture, seed)
            inherited = oracle.evaluate(architecture, seed)
            yield Run(
                **asdict(setting),
                **asdict(comparison),
                speedup=comparison.speedup,
                scratch_error=scratch.error_rate,
                inherited_error=inherited.error_rate,
                inherited_seconds=inherited.seconds,
                inherited_attempts=inherited.attempts,
            )
