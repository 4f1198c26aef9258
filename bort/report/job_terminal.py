"""Jobs in the terminal: progress bars on standard error, tables of jobs."""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from bort.core.locks import holder
from bort.core.progress import OnStep, Progress, Stage
from bort.report.events import event_sentence
from bort.report.jobs import ending_reason, sentence, state_words, worker_lines
from bort.report.numbers import duration
from bort.report.terminal import Terminal, folded
from bort.storage import EventCode, JobEvent, JobRecord, JobState

_STYLES = {
    JobState.RUNNING: "bold",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.LOST: "yellow",
}

LINE_EVERY_S = 5.0
_NEVER_PAUSED = (Stage.READING_ROWS, Stage.CERTIFYING)
SILENCE_S = 4.0  # before a line says that something goes on
LONGEST_SILENCE_S = 60.0


@contextmanager
def progress(title: str) -> Iterator[OnStep]:
    """Yield a callback that draws a progress bar with an estimate on standard error.

    If standard error is not a terminal (a file, a pipe), print lines instead.
    """
    console = Terminal(stderr=True)
    if not console.is_terminal:
        lines = _Lines(title)
        with _Reminder(lines, lines.remind) as reminder:
            yield reminder
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TextColumn("{task.fields[message]}", markup=False),
    )
    with Bar(*columns, console=console, transient=False) as bar:
        line = bar.add_task(title, total=None, left="", message="")

        def show(step: Progress) -> None:
            left = "" if step.eta_s is None else f"about {duration(step.eta_s)} left"
            bar.update(
                line, completed=step.done, total=step.total, left=left, message=sentence(step)
            )

        def remind(step: Progress, silent_s: float) -> None:
            bar.update(line, message=(sentence(step) or "Starting") + _still(step, silent_s))

        with _Reminder(show, remind) as reminder:
            yield reminder


class _Lines:
    """Prints lines: a new stage, subject or result at once, a count every five seconds."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._latest: object = None
        self._at = -math.inf

    def __call__(self, step: Progress) -> None:
        news = step.stage, step.subject, tuple(step.numbers)
        now = time.monotonic()
        if news == self._latest and now < self._at + LINE_EVERY_S:
            return
        self._latest, self._at = news, now
        count = "" if step.total is None else f" {step.done}/{step.total}"
        left = "" if step.eta_s is None else f", about {duration(step.eta_s)} left"
        print(f"{self._title}{count}: {sentence(step)}{left}", file=sys.stderr)

    def remind(self, step: Progress, silent_s: float) -> None:
        """Say that a long step goes on, less often the longer it takes."""
        print(
            f"{self._title}: {sentence(step) or 'Starting'}{_still(step, silent_s)}",
            file=sys.stderr,
        )


class _Reminder:
    """Passes steps on, and says what goes on where no step has come for some seconds."""

    def __init__(self, show: OnStep, remind: Callable[[Progress, float], object]) -> None:
        self._show, self._remind = show, remind
        self._step, self._at = Progress(), time.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reminder", daemon=True)

    def __call__(self, step: Progress) -> None:
        self._step, self._at = step, time.monotonic()
        self._show(step)

    def __enter__(self) -> "_Reminder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        told, pause = self._at, SILENCE_S
        while not self._is_over.wait(0.2):
            at = self._at
            if at != told:
                told, pause = at, SILENCE_S
            silent = time.monotonic() - at
            if silent >= pause:
                self._remind(self._step, silent)
                pause = min(2 * pause, pause + LONGEST_SILENCE_S)


def _still(step: Progress, silent_s: float) -> str:
    """Say how long a step has been going on, and if it waits for a measurement of latency."""
    who = None if step.stage in _NEVER_PAUSED else holder()
    is_other = who is not None and who.pid != os.getpid()
    paused = f"; trainings pause while latency is measured by {who}" if is_other else ""
    return f", for {duration(silent_s)}{paused}"


def tell(event: JobEvent) -> None:
    """Print the plan, and what candidates are compared with before the first, on standard error.

    A progress bar keeps below what is printed while it is shown.
    """
    if event.code in (EventCode.PLANNED, EventCode.TEACHER_READY):
        print(folded(event_sentence(event)), file=sys.stderr)


def echo(step: Progress) -> None:
    """Print a step as one line on standard error."""
    print(sentence(step), file=sys.stderr)


def print_jobs(jobs: Sequence[JobRecord], *, are_all: bool = True) -> None:
    """Print a table: one line per job, and its latest news below.

    Args:
        are_all: whether there are no others.
    """
    console = Terminal()
    if not jobs:
        none_yet = "No jobs yet. Start one: bort search --preset quick"
        console.print(none_yet if are_all else "No such jobs. All of them: bort jobs list")
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
            Text("example")
            if job.is_example
            else Text(job.state, style=_STYLES.get(job.state, "")),
            Text(_progress(job)),
            _short_duration(job.seconds),
            _short_clock(job.started_at or job.created_at),
        )
    console.print(table)


def _what(job: JobRecord) -> Text:
    """Name the study, or the kind of a job without one, and below it the latest news."""
    what = Text(job.study or job.kind)
    news = "" if job.state is JobState.DONE else sentence(job.progress)
    if job.ending is not None:
        news = ending_reason(job.ending)
    kind = job.kind if job.study and job.kind != "search" else ""
    remark = ": ".join(part for part in (kind, news) if part)
    return what.append(f"\n{remark}", style="dim") if remark else what


def print_job(job: JobRecord, events: Sequence[JobEvent]) -> None:
    """One job, line by line, and its latest events."""
    table = Table(show_header=False, box=None)
    for name, value in _lines(job):
        if value:
            table.add_row(Text(name, style="bold"), Text(value))
    console = Terminal()
    console.print(table)
    for event in events:
        console.print(Text(f"{_clock(event.at)} {event.level}: {event_sentence(event)}"))
    if job.state.can_resume:
        console.print(Text(f"Continue with: bort jobs resume {job.id}"))


def _lines(job: JobRecord) -> list[tuple[str, str]]:
    left = job.progress.eta_s if job.state.is_active else None
    return [
        ("job", f"{job.id} ({job.kind})"),
        ("study", job.study or ""),
        ("state", state_words(job.state, job.ending)),
        ("attempt", str(job.attempt) if job.attempt > 1 else ""),
        ("progress", " ".join([_progress(job), sentence(job.progress)]).strip()),
        ("left", "" if left is None else f"about {duration(left)}"),
        *_extra(job),
        *(("worker", line) for line in _workers(job)),
        ("time", duration(job.seconds)),
        ("started", _clock(job.started_at)),
        ("ended", _clock(job.finished_at)),
        ("process", f"{job.process.pid} on {job.process.host}" if job.process else ""),
        ("log", str(job.log)),
    ]


def _workers(job: JobRecord) -> list[str]:
    return worker_lines(job.progress, time.time()) if job.state.is_active else []


def _extra(job: JobRecord) -> list[tuple[str, str]]:
    """Format the numbers that this kind of job reports."""
    return [
        (name.replace("_", " "), "none" if value is None else f"{value:.4g}")
        for name, value in job.progress.numbers.items()
    ]


def _progress(job: JobRecord) -> str:
    if job.progress.total is None:
        return str(job.progress.done or "")
    return f"{job.progress.done} of {job.progress.total}"


def _short_duration(seconds: float) -> str:
    """Format a duration; from one hour on, in hours only."""
    return duration(seconds) if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _short_clock(at: float) -> str:
    """Format local time as the hour, with the day and the year only if they are not today's."""
    then, now = time.localtime(at), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M:%S", then)
    return time.strftime("%d %b %H:%M" if then.tm_year == now.tm_year else "%d %b %Y", then)


def _clock(at: float | None) -> str:
    """Format local time."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
