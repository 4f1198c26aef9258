"""`bort bench plans`: how long ten different runs take, beside what their plans said."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pandas as pd

from benchmarks.row_log import RowLog, row_table
from bort.cli import options
from bort.core.errors import CheckFailedError
from bort.core.files import write_atomically

COLUMNS = {"run": str, "command": str, "planned_minutes": float, "passed_minutes": float}
FACTOR = 1.5  # a plan is good within this factor

_REVIEWS = ("--task", "movie-reviews")
_FEW = (*_REVIEWS, "--labelled", "500")
# In this order: later ones have less to do once, and more timed trainings to go by.
RUNS: dict[str, tuple[str, ...]] = {
    "first search": ("search", *_REVIEWS, "--budget", "12", "--study", "plans"),
    "the same, continued": ("search", *_REVIEWS, "--budget", "20", "--study", "plans"),
    "BERTs only": (
        *("search", *_REVIEWS, "--space", "minilm", "--budget", "6"),
        *("--study", "plans-berts"),
    ),
    "another task": ("search", "--task", "tweets", "--budget", "8", "--study", "plans-tweets"),
    "few labels, audited": (
        *("search", *_FEW, "--budget", "8", "--audit", "4"),
        *("--study", "plans-few"),
    ),
    "fine-tuning": ("finetune", "--study", "plans", "--best"),
    "Agora on the torus": ("agora", "run", "--task", "torus", "--study", "plans-torus"),
    "Agora": ("agora", "run", *_FEW, "--rounds", "3", "--study", "plans-agora"),
    "Agora, logistic regression labels": (
        *("agora", "run", *_FEW, "--labeler", "sklearn:LogisticRegression"),
        *("--sampler", "edits", "--rounds", "2", "--study", "plans-logistic"),
    ),
    "Agora, compared": (
        *("agora", "run", *_FEW, "--rounds", "2", "--ablate", "--seeds", "1"),
        *("--study", "plans-compared"),
    ),
}


@click.command(cls=options.Command)
@row_table("plans")
@options.as_json
def plans(out: Path, report_only: bool, as_json: bool) -> None:
    """Plan ten different runs, make them, and compare.

    Set BORT_HOME to an empty folder, so that the first runs include all that is done only once. If
    the command is stopped, start it again: it continues after the last finished run. A run that was
    stopped half-way is left out, because its time is not that of one run.

    \b
    Examples:
      BORT_HOME=/tmp/plans bort bench plans
      bort bench plans --report-only
    """
    log = RowLog(out, COLUMNS, {})
    if not report_only:
        for name in RUNS:
            if name not in set(log.rows()["run"]):
                log.append(_measured(name))
    page = write_page(log)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _measured(name: str) -> dict[str, Any]:
    """Ask for the plan, make the run, and compare."""
    planned = _answer_of(*RUNS[name], "--plan")
    began = time.monotonic()
    _answer_of(*RUNS[name])
    return {
        "run": name,
        "command": " ".join(["bort", *RUNS[name]]),
        "planned_minutes": planned.get("total_minutes", planned.get("minutes")),
        "passed_minutes": (time.monotonic() - began) / 60,
    }


def _answer_of(*arguments: str) -> dict[str, Any]:
    """Run a command as a user does; what it says on standard error goes on."""
    command = [sys.executable, "-c", "from bort.cli.main import main; main()"]
    done = subprocess.run([*command, *arguments, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise CheckFailedError(f"bort {' '.join(arguments)} ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write_page(log: RowLog) -> Path:
    """Write the table as a page next to it."""
    rows = log.rows()
    known = rows.dropna(subset=["planned_minutes"])
    ratios = known["passed_minutes"] / known["planned_minutes"]
    good = ratios.between(1 / FACTOR, FACTOR)
    lines = [
        "# Plans and what passed",
        "",
        f"{good.sum()} of {len(known)} plans are within a factor of {FACTOR:g} of what passed. "
        "Written by `bort bench plans`.",
        "",
        "| run | command | planned, min | passed, min | passed / planned |",
        "|---|---|---|---|---|",
        *(_line(row) for row in rows.to_dict("records")),
    ]
    path = log.path.with_suffix(".md")
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return path


def _line(row: dict[Any, Any]) -> str:
    planned, passed = row["planned_minutes"], row["passed_minutes"]
    is_known = not pd.isna(planned)
    cells = [
        row["run"],
        f"`{row['command']}`",
        f"{planned:.1f}" if is_known else "not known",
        f"{passed:.1f}",
        f"{passed / planned:.2f}" if is_known else "",
    ]
    return f"| {' | '.join(cells)} |"
