"""Progress where the user looks: a bar in the notebook's cell, or in the terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bort.core.progress import OnStep, Progress, ignore
from bort.report.html import bar
from bort.report.job_terminal import progress as terminal_progress
from bort.report.jobs import sentence
from bort.report.numbers import duration

EVERY_S = 0.2  # a notebook that redraws more often makes the browser slow


@contextmanager
def progress(title: str, *, is_shown: bool = True) -> Iterator[OnStep]:
    """Yield a callback that draws a progress bar in this notebook cell, or on standard error."""
    if not is_shown:
        yield ignore
    elif is_notebook():
        yield _Cell(title)
    else:
        with terminal_progress(title) as on_step:
            yield on_step


def is_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this code. Imports nothing."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return bool(shell) and hasattr(shell, "kernel")


class _Cell:
    """A bar in the output of the running cell, which needs no widgets."""

    def __init__(self, title: str) -> None:
        from IPython.display import HTML, display

        self._title, self._html = title, HTML
        self._shown = display(HTML(bar(title, None, "")), display_id=True)
        self._at = time.monotonic()
        self._news: object = None

    def __call__(self, step: Progress) -> None:
        news = step.stage, step.subject
        now = time.monotonic()
        is_last = bool(step.total) and step.done >= (step.total or 0)
        if news == self._news and not is_last and now < self._at + EVERY_S:
            return
        self._news, self._at = news, now
        left = "" if step.eta_s is None else f", about {duration(step.eta_s)} left"
        count = "" if step.total is None else f"{step.done:,} of {step.total:,}: "
        share = step.share if step.total else None
        self._shown.update(self._html(bar(self._title, share, f"{count}{sentence(step)}{left}")))
