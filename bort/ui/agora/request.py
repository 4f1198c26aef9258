"""A run of Agora as the command that asks for it; what is asked is checked as the command does."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from bort.core.errors import InvalidOptionError
from bort.storage import Store

Choice = str | int | float | bool | None


def arguments(choices: Mapping[str, Choice]) -> list[str]:
    """The options of `bort agora run`; what is None, empty or False is left out.

    Args:
        choices: option names with underscores, and their values.

    Examples:
        >>> arguments({"task": "torus", "radius": 1.5, "points": None, "hard_labels": True})
        ['--task=torus', '--radius=1.5', '--hard-labels']
    """
    found = []
    for name, value in choices.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        elif value is not None and value is not False and value != "":
            found.append(f"{option}={value:g}" if isinstance(value, float) else f"{option}={value}")
    return found


def command(options: Sequence[str]) -> str:
    """The command to copy.

    Examples:
        >>> command(["--task=my reviews.csv"])
        "bort agora run '--task=my reviews.csv'"
    """
    return shlex.join(["bort", "agora", "run", *options])


def job_spec(options: Sequence[str], store: Store) -> dict[str, Any]:
    """The job that `bort agora run` would start with these options.

    Raises:
        BortError: one line on what cannot be used.
    """
    from bort.cli import agora
    from bort.cli.agora_run import job_spec as spec_of

    try:
        with agora.run.make_context("bort agora run", list(options)) as context:
            own = {"ablate", "seeds", "detach", "store_url", "as_json"}
            given = {name: value for name, value in context.params.items() if name not in own}
            return spec_of(context, given, store)
    except click.ClickException as error:
        raise InvalidOptionError(error.format_message()) from error
