"""Jobs as people read them in the terminal."""

import json
import time
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bort.report.terminal import duration
from bort.storage import JobEvent, JobRecord, JobState

_STYLES = {
    JobState.RUNNING: "bold",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.LOST: "yellow",
}


def print_jobs(jobs: Sequence[JobRecord]) -> None:
    """A table: what and how far in one line per job, and below it what there is to say of it."""
    console = Console()
    if not jobs:
        console.print("No jobs yet. Start one: bort search --preset quick")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("study", overflow="fold", min_width=20)
    table.add_column("state", no_wrap=True)
    table.add_column("progress", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("started", no_wrap=True)
    for job in jobs:
        table.add_row(
            str(job.id),
            _what(job),
            Text(job.state, style=_STYLES.get(job.state, "")),
            Text(_progress(job)),
            _short_duration(job.seconds),
            _short_clock(job.started_at or job.created_at),
        )
    console.print(table)


def _what(job: JobRecord) -> Text:
    """The study, or the kind of a job that has none; and below, small, its latest news."""
    what = Text(job.study or job.kind)
    news = job.reason or ("" if job.state is JobState.DONE else job.progress.message)
    kind = job.kind if job.study and job.kind != "search" else ""
    remark = ": ".join(part for part in (kind, news) if part)
    return what.append(f"\n{remark}", style="dim") if remark else what


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
        *_extra(job),
        ("time", duration(job.seconds)),
        ("started", _clock(job.started_at)),
        ("ended", _clock(job.finished_at)),
        ("process", f"{job.process.pid} on {job.process.host}" if job.process else ""),
        ("log", str(job.log)),
    ]


def _extra(job: JobRecord) -> list[tuple[str, str]]:
    """What this kind of job tells besides; numbers as people read them."""
    return [
        (name.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else _plain(value))
        for name, value in job.progress.extra.items()
        if name != "study"
    ]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _progress(job: JobRecord) -> str:
    if job.progress.total is None:
        return str(job.progress.done or "")
    return f"{job.progress.done} of {job.progress.total}"


def _short_duration(seconds: float) -> str:
    """As `duration`, by its largest unit alone from an hour on."""
    return duration(seconds) if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _short_clock(at: float) -> str:
    """Local time in few letters: the hour today, else the day as well, and the year if past."""
    then, now = time.localtime(at), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M:%S", then)
    return time.strftime("%d %b %H:%M" if then.tm_year == now.tm_year else "%d %b %Y", then)


def _clock(at: float | None) -> str:
    """Local time, as people read it."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
