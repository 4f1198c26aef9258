"""`bort bench examples`: runs what the dashboard shows as finished examples, and records it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from bort.cli import options
from bort.core.errors import CheckFailedError
from bort.core.files import write_atomically
from bort.storage import JobState, Store, export_job, open_store
from bort.studies.agora import RUN, recorded_rounds

STUDY = "movie-reviews-small"  # the finished example of a search
EXAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "agora-torus": (
        RUN,
        (
            *("agora", "run", "--task", "torus", "--rounds", "3"),
            *("--study", "agora-torus"),
        ),
    ),
    "agora-movie-reviews": (
        RUN,
        (
            *("agora", "run", "--task", "movie-reviews", "--labelled", "500", "--rounds", "3"),
            *("--architecture", "1-2-64-256", "--points-per-round", "250"),
            *("--study", "agora-movie-reviews"),
        ),
    ),
    "model": (
        "finetune",
        ("finetune", "--study", STUDY, "--pick", "convolution-16000-128-64-3-1"),
    ),
    "landmarks": ("landmarks", ("latency", "landmarks")),
}
"""By name: the kind of job, and the command that runs it."""


@click.command(cls=options.Command)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/recorded/jobs"),
    show_default=True,
    help="Folder for the files.",
)
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice(list(EXAMPLES)),
    help="Record only this example; may be given several times. [default: all]",
)
@options.store_url
@options.as_json
def examples(out: Path, names: tuple[str, ...], store_url: str | None, as_json: bool) -> None:
    """Run the finished examples again, and write each to a file that the dashboard offers.

    The files contain no text of a task and no weights. Run it on a quiet machine: the latencies
    that it measures are shown to everybody, with this machine's noise.

    \b
    Examples:
      bort bench examples
      bort bench examples --only agora-torus --out /tmp/recorded
    """
    written = {}
    for name in names or EXAMPLES:
        kind, command = EXAMPLES[name]
        _run(*command, *([] if store_url is None else ["--store", store_url]))
        with open_store(store_url) as store:
            content = _recorded(store, kind)
        path = out / f"{name}.json"
        write_atomically(path, content)
        written[name] = {"file": str(path), "bytes": len(content)}
        if not as_json:
            click.echo(f"{path}: {len(content) / 1e3:,.0f} kB")
    if as_json:
        options.print_json({"examples": written})


def _recorded(store: Store, kind: str) -> bytes:
    job = store.jobs(kind=kind, states=[JobState.DONE], limit=1, examples=False)[0]
    rounds = recorded_rounds(store, job) if kind == RUN else None
    recorded: dict[str, Any] = export_job(store, job.id, rounds=rounds)
    return (json.dumps(recorded, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _run(*arguments: str) -> None:
    """Run a command as a user does; what it says on standard error goes on."""
    command = [sys.executable, "-c", "from bort.cli.main import main; main()", *arguments]
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise CheckFailedError(f"bort {' '.join(arguments)} ended with {done.returncode}")
