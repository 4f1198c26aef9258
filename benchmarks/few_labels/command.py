"""`bort bench few-labels`: what each means adds where few texts are labelled."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.core.study import Initialise, TaskSpec
from bort.studies.parts import TASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.agora.bench import Line

LABELLED = 500
POINTS, ROUNDS, STEPS, CLOSING = 4000, 4, 150, 900
OFTEN = 20  # proposals per error at most; the cap per round is reached first
STARTS = ("scratch", "inherited", "distilled")


@click.command(cls=options.Command)
@options.asks(TASK)
@click.option(
    "--student", default="1-2-64-256", show_default=True, metavar="D-A-H-I", help="The small BERT."
)
@click.option("--seeds", default=5, show_default=True, help="Trainings of everything.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/bench/few-labels.csv"),
    show_default=True,
    metavar="FILE.csv",
    help="The table to add to; the page goes next to it, as FILE.md.",
)
@click.option("--report-only", is_flag=True, help="Write the page from the table and stop.")
@options.as_json
def few_labels(
    out: Path,
    report_only: bool,
    student: str,
    seeds: int,
    threads: int | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Measure what inheriting, distilling and Agora add where few texts are labelled.

    The same student starts from random weights, from inherited ones, or distilled; from there it is
    trained on the labelled texts alone, with random texts added, or with Agora's. Rows that the
    table has are not made again, so a command that was stopped goes on.

    \b
    Examples:
      bort bench few-labels
      bort bench few-labels --task trec.csv --label coarse
      bort bench few-labels --task tweets --labelled 200 --seeds 3
      bort bench few-labels --report-only
    """
    from benchmarks.agora.bench import read_table, record
    from benchmarks.few_labels.report import write_page

    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    if report_only:
        rows = read_table(out)
    else:
        task = TASK.build(read(given, TASK))
        if task.labelled is None:
            task = replace(task, labelled=LABELLED)
        rows = record(lines(task, student, seeds, threads), out)
    page = write_page(out, rows)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def lines(task: TaskSpec, student: str, seeds: int, threads: int | None = None) -> "Iterator[Line]":
    """Describe the comparison from each start."""
    from benchmarks.agora.bench import Line
    from bort.agora.text.spec import AGORA, HALF, PLAIN, RANDOM, small_space, usual_representation
    from bort.core.agora import TextSpec
    from bort.core.study import TrainingSpec
    from bort.training.source import source_network

    space = small_space(student, source_network().config).to_dict()
    for start in STARTS:
        initialise: Initialise = "scratch" if start == "scratch" else "inherit"
        spec = TextSpec(
            study="bench",
            task=task,
            space=space,
            architecture=student,
            training=TrainingSpec(steps=STEPS, initialise=initialise, threads=threads),
            distilled=start == "distilled",
            closing_steps=CLOSING,
            representation=usual_representation("mixture", has_pool=True),
            rounds=ROUNDS,
            points=POINTS,
            points_per_error=OFTEN,
            points_per_round=POINTS // ROUNDS,
            patience=None,
        )
        name = f"{Path(task.task).stem} {task.labelled} {student} {start}"
        yield Line(name, spec, seeds, (AGORA, AGORA + HALF, PLAIN, RANDOM))
