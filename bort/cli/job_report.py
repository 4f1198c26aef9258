"""Jobs as people read them in the terminal."""

import json
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bort.cli.report import duration
from bort.storage import JobEvent, JobRecord, JobState

_STYLES = {
    JobState.RUNNING: "bold",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.LOST: "yellow",
}


def print_jobs(jobs: Sequence[JobRecord]) -> None:
    """A table, one line per job."""
    if not jobs:
        Console().print("No jobs yet. Start one: bort search --preset quick")
        return
    table = Table()
    for heading in ("job", "kind", "study", "state", "progress", "time", "started", ""):
        table.add_column(heading, justify="right" if heading in ("job", "time") else "left")
    for job in jobs:
        table.add_row(
            str(job.id),
            Text(job.kind),
            Text(job.study or ""),
            Text(job.state, style=_STYLES.get(job.state, "")),
            Text(_progress(job)),
            duration(job.seconds),
            _clock(job.started_at or job.created_at),
            Text(job.reason or job.progress.message),
        )
    Console().print(table)


def print_job(job: JobRecord, events: Sequence[JobEvent]) -> None:
    """One job, line by line, and its latest events."""
    table = Table(show_header=False, box=None)
    for name, value in _lines(job):
        if value:
            table.add_row(Text(name, style="bold"), Text(value))
    console = Console()
    console.print(table)
    for event in events:
        console.print(Text(f"{_clock(event.at)} {event.level}: {event.message}"))
    if job.state.can_resume:
        console.print(Text(f"Go on with: bort jobs resume {job.id}"))


def _lines(job: JobRecord) -> list[tuple[str, str]]:
    left = job.progress.eta_s if job.state.is_active else None
    return [
        ("job", f"{job.id} ({job.kind})"),
        ("study", job.study or ""),
        ("state", f"{job.state}: {job.reason}" if job.reason else job.state),
        ("attempt", str(job.attempt) if job.attempt > 1 else ""),
        ("progress", " ".join([_progress(job), job.progress.message]).strip()),
        ("left", "" if left is None else f"about {duration(left)}"),
        *((name, json.dumps(value)) for name, value in job.progress.extra.items()),
        ("time", duration(job.seconds)),
        ("started", _clock(job.started_at)),
        ("ended", _clock(job.finished_at)),
        ("process", f"{job.process.pid} on {job.process.host}" if job.process else ""),
        ("log", str(job.log)),
    ]


def _progress(job: JobRecord) -> str:
    if job.progress.total is None:
        return str(job.progress.done or "")
    return f"{job.progress.done} of {job.progress.total}"


def _clock(at: float | None) -> str:
    """Local time, as people read it."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
