"""Assemble the commands, and turn every error into one line and an exit code."""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from bort import NO_WINDOWS
from bort.cli import ending
from bort.core import paths, shared_files, stops
from bort.core.errors import BortError, InvalidOptionError
from bort.core.telemetry import send_nothing

Table = Mapping[str, tuple[str, str, str]]

# Command -> (module, attribute, one line for `bort --help`). Loaded when called, so that
# `bort front` never pays for what `bort search` imports.
COMMANDS: Table = {
    "data": ("bort.cli.data", "data", "Prepare and list the tasks."),
    "space": ("bort.cli.space", "space", "Show a search space."),
    "search": ("bort.cli.search", "search", "Search a space for its best trade-offs."),
    "front": ("bort.cli.front", "front", "Show a study's Pareto front."),
    "verify": ("bort.cli.verify", "verify", "Check a certificate without trusting the search."),
    "latency": ("bort.cli.latency", "latency", "Measure the latency of models on this machine."),
    "agora": ("bort.cli.agora", "agora", "Run Agora: teach a small model where it makes errors."),
    "finetune": ("bort.cli.finetune", "finetune", "Train picked architectures into models."),
    "mistakes": ("bort.cli.mistakes", "mistakes", "Show what a trained model gets wrong."),
    "rivals": ("bort.cli.rivals", "rivals", "Compare with other people's small classifiers."),
    "export": ("bort.cli.export", "export", "Write a model as files to deploy."),
    "upload": ("bort.cli.upload", "upload", "Upload an exported model to a hub."),
    "predict": ("bort.cli.predict", "predict", "Classify texts with an exported model."),
    "serve": ("bort.cli.serve", "serve", "Answer over HTTP with an exported model."),
    "import": ("bort.cli.import_", "import_", "Import a run bundle, read-only."),
    "report": ("bort.cli.report", "report", "Write a study, run or model into one HTML file."),
    "learn": ("bort.cli.learn", "learn", "Write the lessons into a file."),
    "jobs": ("bort.cli.jobs", "jobs", "List, watch, cancel and resume jobs."),
    "delete": ("bort.cli.delete", "delete", "Delete studies, profiles, models and jobs."),
    "bench": ("bort.cli.bench", "bench", "Reproduce our benchmarks."),
    "doctor": ("bort.cli.doctor", "doctor", "Look for problems in installation and store."),
    "app": ("bort.cli.app", "app", "Open the dashboard."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called.

    Args:
        table: name -> (module, attribute, one line for the help), in the order of the help.
    """

    def __init__(self, *given: Any, table: Table, **options: Any) -> None:
        super().__init__(*given, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command with this name, or None if there is no such command."""
        if cmd_name not in self.table:
            return None
        module, attribute, _ = self.table[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self.table.items()])


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="bort", message="bort %(version)s")
def bort() -> None:
    """Find small, fast text models: optimal subarchitecture extraction and Agora.

    \b
    Examples:
      bort app                        open the dashboard
      bort search --preset quick      search small networks on movie reviews
      bort front --study quick        show its result again
    """


def main() -> None:
    """Run the command line.

    Exits with 0 done, 1 failed check or job, 2 bad input, 130 interrupted, 141 nobody reads on
    (`| head`).
    """
    _open_streams()
    try:
        code = _run()
    except BrokenPipeError:
        _nobody_reads()
    sys.exit(code)


def _run() -> int:
    """Run the command and return its exit code."""
    if sys.platform == "win32":
        _fail(NO_WINDOWS, 2)
    for stream in (sys.stdout, sys.stderr):  # a terminal may not know every character
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if (memory := ending.too_little_memory()) is not None:
        _fail(memory, 2)
    try:
        send_nothing()
        stops.install()
        paths.check_home()
        shared_files.check()
        _check_arguments(sys.argv[1:])
        # Not `bort(...)`: click would end a command whose pipe is broken as a failed check.
        with bort.make_context("bort", sys.argv[1:]) as context:
            code = bort.invoke(context)
        sys.stdout.flush()
    except BortError as error:
        _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()  # a group without a command: its help, line by line
        return 2
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except BrokenPipeError:
        raise
    except Exception as error:  # the last net: what nobody foresaw is one line, too
        _fail(ending.unforeseen(error, sys.argv[1:]), 1)
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Open what is closed of standard input, output and error (`>&-`).

    Otherwise the next file that is opened, the store perhaps, would take the number of one of
    them, and get what is printed.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _nobody_reads() -> NoReturn:
    """End quietly, as a shell's own tools do when the reader of their pipe has gone."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # Python flushes them once more when it ends
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nothing, stream.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _check_arguments(arguments: Sequence[str]) -> None:
    """Refuse what no file, database or terminal can hold.

    Raises:
        InvalidOptionError: an argument is empty, or has bytes that are not text.
    """
    for place, argument in enumerate(arguments):
        is_option = argument.startswith("--") and "=" in argument
        name, _, value = argument.partition("=") if is_option else ("", "", argument)
        if not value.strip():
            after = name or ("bort", *arguments)[place]
            raise InvalidOptionError(
                f"what follows {after} is empty; give a value, or leave it out"
            )
        if not argument.isascii() and argument != argument.encode("utf-8", "replace").decode():
            raise InvalidOptionError(f"the argument {argument!r} is not text in UTF-8; rename it")


def _fail(message: str, code: int) -> NoReturn:
    click.echo(ending.line(f"bort: {message}"), err=True)
    sys.exit(code)
