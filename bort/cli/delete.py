"""`bort delete`: delete studies, latency profiles, models and jobs."""

import sys
from collections.abc import Callable

import click

from bort.cli import options
from bort.core.errors import BusyError, InvalidOptionError

_yes = click.option("--yes", is_flag=True, help="Delete without asking.")


@click.group()
def delete() -> None:
    """Delete a study, a latency profile, a model or a job.

    Nothing that is still in use is deleted; the message names what uses it.

    \b
    Examples:
      bort delete study reviews
      bort delete job 3 --yes
    """


def _command(kind: str, what: str, example: str) -> Callable[..., None]:
    @delete.command(
        kind,
        help=f"{what}\n\n\b\nExamples:\n  bort delete {kind} {example}\n"
        f"  bort delete {kind} {example} --yes --json",
    )
    @click.argument("name", metavar="ID" if kind == "job" else "NAME")
    @_yes
    @options.store_url
    @options.as_json
    def command(name: str, yes: bool, store_url: str | None, as_json: bool) -> None:
        _delete(kind, name, yes=yes, store_url=store_url, as_json=as_json)

    return command


_command("study", "Delete a study with its evaluations. Its jobs stay listed.", "reviews")
_command("profile", "Delete a latency profile that no study uses.", "laptop")
_command("model", "Delete a trained model and its files.", "reviews-static-8000-64")
_command("job", "Delete a finished job with its log and checkpoints.", "3")


def _delete(kind: str, name: str, *, yes: bool, store_url: str | None, as_json: bool) -> None:
    from bort import jobs
    from bort.report.deleting import named, question, still_used
    from bort.storage import StillUsedError, Thing, ThingKind, open_store

    if kind == "job":
        name = str(options.JobId().convert(name, None, None))
    thing = Thing(ThingKind(kind), name)
    with open_store(store_url) as store:
        found = jobs.deletion(store, thing)
        if found.used_by:
            raise BusyError(still_used(found))
        if not yes:
            _ask(question(found))
        try:
            jobs.delete(store, thing)
        except StillUsedError as error:  # something began to use it meanwhile
            raise BusyError(still_used(error.deletion)) from None
    if as_json:
        options.print_json({"kind": kind, "name": name, "deleted": True})
    else:
        what = named(thing)
        click.echo(f"{what[:1].upper()}{what[1:]} is deleted.")


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _ask(text: str) -> None:
    if not _can_ask():
        raise InvalidOptionError(
            f"{text} This is not a terminal; add --yes to delete without a question"
        )
    if not click.confirm(text, err=True):
        raise click.Abort
