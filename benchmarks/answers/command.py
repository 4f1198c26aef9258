"""`bort bench answers`: what a search and a fine-tuning with defaults give on a task."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.row_log import row_table
from bort.cli import options
from bort.core.fields import read
from bort.studies.parts import PRESETS, TASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.answers.rows import Row
    from benchmarks.row_log import RowLog
    from bort.core.study import StudySpec, TaskSpec
    from bort.storage import JobRecord, Store

PRESET = "quick"
SPACE = "small"
TENTH = 10  # the second pick has at most this share of the source network's latency


@click.command(cls=options.Command)
@options.asks(TASK)
@row_table("answers")
@options.store_url
@options.as_json
def answers(
    out: Path, report_only: bool, store_url: str | None, as_json: bool, **given: Any
) -> None:
    """Search and fine-tune with defaults, as a newcomer would, and compare with the baselines.

    Two architectures are fine-tuned: the one that `bort finetune --best` takes, and the most
    accurate one on the front with at most a tenth of the latency of the source network's shape. The
    table gets a row for each, with intervals, minutes, and the minutes that were planned. Set
    BORT_HOME to an empty folder to include all that is done only once. If the command is stopped,
    start it again: it continues the study, whose minutes then have no plan, and makes the rows that
    the table lacks.

    \b
    Examples:
      bort bench answers
      bort bench answers --task banking77.csv --label category
      bort bench answers --task trec.csv --label coarse --labelled 500
      bort bench answers --report-only
    """
    from benchmarks.answers.rows import open_table, write_page
    from bort.core import paths
    from bort.storage import ensure_examples, open_store

    task = TASK.build(read(given, TASK))
    if report_only:
        table = open_table(out)
    else:
        with open_store(store_url) as store:
            table = open_table(out)
            ensure_examples(store, paths.examples())
            for row in _answers(store, task, table):
                table.append(asdict(row))
    page = write_page(table)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _answers(store: "Store", task: "TaskSpec", table: "RowLog") -> "Iterator[Row]":
    """Search, fine-tune both picks, and make their rows; what the table has is not made again."""
    from benchmarks.answers.rows import Minutes, row_of
    from bort import jobs
    from bort.core.serialise import from_json
    from bort.finetuning.cost import estimate_finetune
    from bort.finetuning.realised import Realised
    from bort.finetuning.request import check_finetune, describe_finetune
    from bort.report.job_terminal import progress
    from bort.studies.estimates import estimate_study

    spec = _study(store, task)
    is_continued = bool(_searches(store, spec))
    planned = None if is_continued else estimate_study(store, spec).total_minutes
    with progress(f"Searching {spec.name}") as on_step:
        jobs.run_here(store, "search", spec.to_dict(), study=spec.name, on_step=on_step)
    search = Minutes(planned, sum(job.seconds for job in _searches(store, spec)) / 60)
    found = table.rows()
    known = set(zip(found["task"], found["labelled"], found["pick"], strict=True))
    for kind, pick in _picks(store, spec).items():
        if (Path(task.task).stem, task.labelled or 0, kind) in known:
            continue
        request = describe_finetune(store, spec.name, [pick])
        estimate = estimate_finetune(store, request, check_finetune(request))
        began = time.monotonic()
        with progress(f"Fine-tuning {pick}") as on_step:
            answer = jobs.run_here(
                store, "finetune", request.to_dict(), study=spec.name, on_step=on_step
            )
        tuning = Minutes(estimate.minutes, _minutes_since(began))
        for model in answer["models"]:
            realised = from_json(Realised, model, what="the answer")
            yield row_of(task, kind, realised, search=search, finetune=tuning)


def _study(store: "Store", task: "TaskSpec") -> "StudySpec":
    """Describe the study of the preset as `bort search` does, and store it."""
    from bort.core.study import SearchSpec, StudySpec, suggest_name
    from bort.families import load_space
    from bort.jobs.runtime.control import create_study
    from bort.studies.checks import check_study
    from bort.studies.parts import BUDGET, QUESTION

    preset = PRESETS[PRESET]
    search: SearchSpec = BUDGET.build(preset, question=QUESTION.build(preset))
    labelled = "" if task.labelled is None else f"-{task.labelled}"
    name = suggest_name(f"{Path(task.task).stem}{labelled}", "answers")
    space = load_space(SPACE).to_dict()
    spec = check_study(StudySpec(name=name, space=space, task=task, search=search))
    return create_study(store, spec, is_named=True)


def _searches(store: "Store", spec: "StudySpec") -> "list[JobRecord]":
    return store.jobs(kind="search", study=spec.name)


def _picks(store: "Store", spec: "StudySpec") -> dict[str, str]:
    """Name the best point and, if it is another, the most accurate one of a tenth of the latency.

    The largest architecture has the shape of the source network, which is the teacher.
    """
    from bort.studies.answers import read_answer

    answer = read_answer(store, spec.name)
    assert answer.best is not None
    limit = max(point.latency_ms for point in answer.points) / TENTH
    quick = [point for point in answer.front if point.latency_ms <= limit]
    picks = {"best": answer.best.id}
    if quick:
        picks["tenth"] = min(quick, key=lambda point: point.error_rate).id
    return {kind: pick for kind, pick in picks.items() if kind == "best" or pick != picks["best"]}


def _minutes_since(began: float) -> float:
    return (time.monotonic() - began) / 60
