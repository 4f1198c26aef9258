"""`bort bench lessons`: records what the lessons show but cannot compute at once."""

from pathlib import Path
from typing import Any

import click

import bort
from bort.cli import options
from bort.core.progress import OnStep

LESSONS = Path(bort.__file__).parent / "lessons"
TORUS, TRAINING, FINISHED = "torus", "training", "finished"


@click.command(cls=options.Command)
@click.argument("what", type=click.Choice([TORUS, TRAINING, FINISHED]))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.json",
    help="Where to write it [default: the lesson's own recording].",
)
def lessons(what: str, out: Path | None) -> None:
    """Record what the lessons show: Agora on the torus, short trainings, finished models.

    What takes a moment only is recorded by `python -m bort.lessons.recorded`.

    \b
    Examples:
      bort bench lessons torus                  # about ten minutes
      bort bench lessons training               # about a minute
      bort bench lessons finished               # at once, from the models that this store has
    """
    from bort.core.files import write_atomically
    from bort.report.job_terminal import progress

    with progress("Recording") as show:
        recorded, place = _record(what, show)
    path = out or LESSONS / place
    write_atomically(path, recorded.encode())
    click.echo(f"{path}: {len(recorded) / 1e3:.0f} kB")


def _record(what: str, show: OnStep) -> tuple[str, str]:
    """Return the recording as JSON, and its place below the lessons."""
    if what == TORUS:
        from benchmarks.lessons import torus

        return compact(torus.record(on_step=show)), "torus/frames.json"
    if what == TRAINING:
        from benchmarks.lessons import training

        return compact(training.record(on_step=show)), "model/frames.json"
    from benchmarks.lessons import finished
    from bort.storage import open_store

    with open_store() as store:
        return compact(finished.record(store, on_step=show)), "model/finished.json"


def compact(values: Any) -> str:
    """Write JSON with one line per entry of the first two levels, so that changes can be read."""
    import json

    def line(value: Any, depth: int) -> str:
        if depth and value and isinstance(value, dict | list):
            if isinstance(value, list):
                return "[\n" + ",\n".join(line(one, depth - 1) for one in value) + "\n]"
            inside = (f"{json.dumps(str(k))}: {line(v, depth - 1)}" for k, v in value.items())
            return "{\n" + ",\n".join(inside) + "\n}"
        return json.dumps(value, allow_nan=False, separators=(",", ":"))

    return line(values, 2) + "\n"
