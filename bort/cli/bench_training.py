"""`bort bench training`: steps per second and dev error beside a plain transformers.Trainer."""

import csv
import io
import sys
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.errors import InvalidOptionError

if TYPE_CHECKING:
    from bort.evaluation import Evaluation
    from bort.measure.error_oracle import ErrorOracle
    from bort.training.comparison import Comparison

ARCHITECTURES = "1-12-96-192,4-12-96-768,2-12-192-768,4-4-288-768,6-12-384-1536"


@click.command()
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@click.option(
    "--architectures",
    default=ARCHITECTURES,
    show_default=True,
    metavar="ID,ID,...",
    help="Which to train, by id.",
)
@click.option("--steps", default=200, show_default=True, help="Optimiser steps per training.")
@click.option("--batch-size", default=32, show_default=True, help="Examples per step.")
@click.option("--seeds", default=2, show_default=True, help="Trainings per architecture and side.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write training.md and training.csv there.",
)
@options.task_options
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
    """Train the same candidates with our path and with transformers.Trainer.

    Both start from the same random weights and learn the same hard labels for the same number
    of steps; they take turns, five steps each, so that a busy machine slows both. Two more
    columns are the candidate as the search trains it, with the teacher's labels: from scratch
    (`--initialise scratch`), and with inherited weights (the default).

    \b
    Examples:
      bort bench training
      bort bench training --architectures 2-12-192-768 --seeds 5 --json
      bort bench training --out docs/bench
    """
    from bort.families import load_space
    from bort.measure.error_oracle import ErrorOracle
    from bort.study import TrainingSpec
    from bort.tasks import load_task

    spec = TrainingSpec(steps=steps, batch_size=batch_size, threads=threads, device="cpu")
    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    searched = load_space(space)
    chosen = [_architecture(searched, name) for name in architectures.split(",")]
    oracle = ErrorOracle(
        load_task(options.task_spec(**task)), spec, searched, seed=0, on_progress=_say
    )
    rows = []
    for comparison, scratch, inherited in _runs(oracle, chosen, seeds):
        rows.append(_row(comparison, scratch, inherited))
        _say("")
        click.echo(
            f"{comparison.architecture} seed {comparison.seed}: {comparison.speedup:.1f}x, "
            f"dev error {comparison.trainer_error:.3f} (Trainer) {comparison.our_error:.3f} (ours)",
            err=True,
        )
    answer = {
        "steps": steps,
        "batch_size": batch_size,
        "oracle": oracle.describe(),
        "speedup": median(row["speedup"] for row in rows),
        "architectures": _summary(rows),
        "runs": rows,
    }
    if out is not None:
        _write(out, answer)
    if as_json:
        options.print_json(answer)
    else:
        click.echo(_table(answer))


def _runs(
    oracle: "ErrorOracle", architectures: list[Any], seeds: int
) -> Iterator[tuple["Comparison", "Evaluation", "Evaluation"]]:
    """Seeds outside, architectures inside: a slow quarter of an hour is spread over all."""
    from bort.training.comparison import compare
    from bort.training.device import training_threads

    from_scratch = copy(oracle)
    from_scratch.spec = replace(oracle.spec, initialise="scratch")
    for seed in range(seeds):
        for architecture in architectures:
            _say(f"Training {architecture.id} with seed {seed}, in turns with the Trainer")
            with training_threads(oracle.threads):
                comparison = compare(
                    oracle.task,
                    oracle.encoded,
                    oracle.space,
                    architecture,
                    steps=oracle.spec.steps,
                    batch_size=oracle.spec.batch_size,
                    seed=seed,
                )
            yield (
                comparison,
                from_scratch.evaluate(architecture, seed),
                oracle.evaluate(architecture, seed),
            )


def _architecture(space: Any, name: str) -> Any:
    for index in range(len(space)):
        if space.architecture(index).id == name.strip():
            return space.architecture(index)
    raise InvalidOptionError(
        f"the space {space.name!r} has no architecture {name.strip()!r}; "
        f"ids look like {space.architecture(0).id}"
    )


def _row(
    comparison: "Comparison", scratch: "Evaluation", inherited: "Evaluation"
) -> dict[str, Any]:
    return {
        **asdict(comparison),
        "speedup": comparison.speedup,
        "scratch_error": scratch.error_rate,
        "inherited_error": inherited.error_rate,
        "inherited_seconds": inherited.seconds,
        "inherited_attempts": inherited.attempts,
    }


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Medians of times, means of errors, per architecture, in order of appearance."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["architecture"], []).append(row)
    return [
        {
            "architecture": name,
            "seeds": len(group),
            "trainer_steps_per_s": 1e3 / median(r["trainer_step_ms"] for r in group),
            "our_steps_per_s": 1e3 / median(r["our_step_ms"] for r in group),
            "speedup": median(r["speedup"] for r in group),
            "trainer_error": fmean(r["trainer_error"] for r in group),
            "our_error": fmean(r["our_error"] for r in group),
            "scratch_error": fmean(r["scratch_error"] for r in group),
            "inherited_error": fmean(r["inherited_error"] for r in group),
            "inherited_seconds": median(r["inherited_seconds"] for r in group),
        }
        for name, group in groups.items()
    ]


def _table(answer: dict[str, Any]) -> str:
    """A Markdown table, which people can read in a terminal too."""
    lines = [
        "| architecture | Trainer steps/s | our steps/s | speedup | dev error: Trainer | ours "
        "| teacher's labels | and inherited | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in answer["architectures"]:
        lines.append(
            f"| {row['architecture']} | {row['trainer_steps_per_s']:.1f} "
            f"| {row['our_steps_per_s']:.1f} | {row['speedup']:.1f} "
            f"| {row['trainer_error']:.3f} | {row['our_error']:.3f} "
            f"| {row['scratch_error']:.3f} | {row['inherited_error']:.3f} "
            f"| {row['inherited_seconds']:.1f} |"
        )
    lines += ["", f"Median speedup over all runs: {answer['speedup']:.1f}x."]
    return "\n".join(lines)


def _write(folder: Path, answer: dict[str, Any]) -> None:
    from bort.training.files import write_atomically

    oracle = answer["oracle"]
    text = (
        "# Training: our path beside transformers.Trainer\n\n"
        "Written by `bort bench training --out docs/bench`. Both sides: same random weights, hard "
        f"labels, {answer['steps']} steps of {answer['batch_size']}, same learning rate; "
        f"{oracle['threads']} CPU threads, texts of at most {oracle['max_length']} tokens. "
        "The last three columns: as the search trains, with the labels of a teacher whose dev "
        f"error is {oracle['teacher_dev_error']:.3f}; from scratch, then with inherited weights, "
        "and how long one such training with its evaluation takes.\n\n"
    )
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(answer["runs"][0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(answer["runs"])
    write_atomically(folder / "training.md", f"{text}{_table(answer)}\n".encode())
    write_atomically(folder / "training.csv", table.getvalue().encode())


def _say(text: str) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", err=True, nl=False)
