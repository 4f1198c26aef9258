"""Command-line options made from fields of descriptions, shared options, and `--json`."""

import codecs
import json
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bort.core import paths
from bort.core.errors import InvalidFieldError, InvalidOptionError, StoreError
from bort.core.fields import Field, Part
from bort.core.kinds import Conditions, Flag, flag
from bort.core.study import SPACE

if TYPE_CHECKING:
    from bort.core.baseline import Coverage
    from bort.storage import Store
    from bort.studies.answers import StudyAnswer, TableAnswer
    from bort.tasks import DataWarning

LARGEST_ID = 2**31 - 1  # the largest integer in every database

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)


def _without_password(context: click.Context, option: click.Parameter, url: str | None) -> Any:
    if url is not None:
        from bort.storage.urls import check_no_password

        check_no_password(url)
    del context, option
    return url


store_url = click.option(
    "--store",
    "store_url",
    metavar="URL",
    callback=_without_password,
    help="Database for studies and jobs [default: $BORT_STORE, else SQLite in $BORT_HOME].",
)
store_to_compare = click.option(
    "--store",
    "store_url",
    metavar="URL",
    callback=_without_password,
    help="Compare with this database, too. [default: no comparison]",
)
detach = click.option(
    "--detach", is_flag=True, help="Start the job in the background and print its number."
)


def _share(context: click.Context, option: click.Parameter, share: float | None) -> float | None:
    if share is not None and not 0 < share < 1:
        raise InvalidOptionError(f"--accuracy must be between 0 and 1, got {share:g}")
    del context, option
    return share


def above_zero(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Check a number that must be above 0, if it is given."""
    if value is not None and not 0 < value < float("inf"):
        raise InvalidOptionError(f"{option.opts[0]} must be above 0, got {value:g}")
    del context
    return value


accuracy = click.option(
    "--accuracy",
    type=float,
    metavar="SHARE",
    callback=_share,
    help="Reject answers that are not sure enough for this share to be right, by the dev split. "
    "[default: answer all]",
)
force = click.option("--force", is_flag=True, help="Replace files that exist.")

space = click.option(
    "--space",
    default=SPACE,
    show_default=True,
    metavar="NAME|FILE.toml",
    help="A named space (bort, minilm or small) or a TOML file.",
)


class Command(click.Command):
    """A command whose `--help` groups options by part, each under the part's title."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options part by part, after those that belong to no part."""
        titles: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue  # it stands in the usage line
            if (record := parameter.get_help_record(ctx)) is not None:
                titles.setdefault(getattr(parameter, "title", "Options"), []).append(record)
        for title, records in titles.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Option(click.Option):
    """An option that knows its title in `--help`, and the field that it fills, if any."""

    def __init__(
        self, *names: Any, title: str, field: Field | None = None, **settings: Any
    ) -> None:
        super().__init__(*names, **settings)
        self.title = title
        self.field = field


def asks(*parts: Part[Any]) -> Callable[[F], F]:
    """Add the options of these parts to a command; if parts share an option, the first wins.

    The values stay strings; `bort.core.fields.read` parses them.
    """
    options: dict[str, Callable[[F], F]] = {}
    for part in parts:
        for option, field in part.fields.items():
            options.setdefault(option, _option(option, field, part.title))

    def decorate(command: F) -> F:
        for option in reversed(options.values()):  # the last decorator applies first
            command = option(command)
        return command

    return decorate


def _option(option: str, field: Field, title: str) -> Callable[[F], F]:
    settings: dict[str, Any] = {"cls": Option, "title": title, "field": field}
    if isinstance(field.kind, Flag):
        on, off = flag(option), field.kind.off(option)
        names = f"{on}/{off}" if field.default or field.kind.opposite else on
        return click.option(names, option, is_flag=True, default=None, help=field.help, **settings)
    if isinstance(field.kind, Conditions):  # of a filter, people repeat the option
        settings |= {"multiple": True, "callback": _joined}
    default = field.empty if field.default in (None, ()) else field.kind.format(field.default)
    text = f"{field.help} [default: {default}]" if default else field.help
    metavar = field.kind.metavar
    return click.option(flag(option), option, type=str, metavar=metavar, help=text, **settings)


def _joined(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> str | None:
    """Join the values of a repeated option as if they had been written in one."""
    return ",".join(values) or None


def given_options(context: click.Context) -> set[str]:
    """The options given on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) is source}


def _counted(text: str) -> int | None:
    """Read a whole number from 1 to `LARGEST_ID`; None if it is something else."""
    if not re.fullmatch(r"[0-9]{1,10}", text):
        return None
    number = int(text)
    return number if 1 <= number <= LARGEST_ID else None


class JobId(click.ParamType[int]):
    """A job's number, as `bort jobs list` shows it."""

    name = "job"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> int:
        """Read the number.

        Raises:
            InvalidFieldError: not a whole number, or below 1.
        """
        text = str(value).strip()
        if (number := _counted(text)) is not None:
            return number
        raise InvalidFieldError(
            "job",
            f"a job number must be a whole number of 1 or more, got {value!r}; list all jobs "
            "with: bort jobs list",
        )


class Count(click.ParamType[int]):
    """A count: a whole number of 1 or more."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number; anything else is a usage error."""
        text = str(value).strip()
        if (number := _counted(text)) is None:
            self.fail(f"it must be a whole number of 1 or more, got {value!r}.", param, ctx)
        return number


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; NaN and infinity are errors."""
    is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"  # others lose letters
    click.echo(json.dumps(answer, allow_nan=False, ensure_ascii=not is_utf8))


def tell(warning: "DataWarning | Coverage") -> None:
    """Print what makes the data misleading, or what a file of soft labels covers."""
    from bort.report.data import data_warning

    click.echo(f"Note: {data_warning(warning)}", err=True)


def offer_example(study: str | None, store_url: str | None) -> None:
    """If `study` is a finished example, put it into the store, as the dashboard does.

    A deleted one stays deleted, and a store that cannot be written stays as it is.
    """
    from bort.storage import open_to_read

    if study in paths.example_names():
        open_to_read(store_url).close()  # says so if there is no such store
        open_with_examples(store_url).close()


def open_with_examples(store_url: str | None) -> "Store":
    """Open the store to read it, with the finished examples if it can be written.

    Their trainings tell how long others will take.
    """
    from bort.storage import ensure_examples, open_store, open_to_read

    with suppress(StoreError), open_store(store_url) as store:
        ensure_examples(store, paths.examples())
    return open_to_read(store_url)


def show_answer(answer: "StudyAnswer | TableAnswer", *, as_json: bool) -> None:
    """Print the answer of a search, as text or as JSON."""
    from bort.report import search as report

    if as_json:
        print_json(report.answer_json(answer))
    else:
        report.print_answer(answer)
