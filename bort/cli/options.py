"""Options that several commands share, and the two ways of answering: for people, for programs."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bort.core.errors import InvalidFieldError
from bort.core.study import TaskSpec

if TYPE_CHECKING:
    from bort.studies.answers import StudyAnswer, TableAnswer

LARGEST_ID = 2**31 - 1  # what every database holds

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)
store_url = click.option(
    "--store",
    "store_url",
    metavar="URL",
    help="Where studies and jobs are kept [default: $BORT_STORE, else SQLite in $BORT_HOME].",
)

minutes = click.option(
    "--minutes",
    type=float,
    metavar="M",
    help="How long a restless machine is measured [default: 5; 1 for a study].",
)


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
            InvalidFieldError: no whole number, or one that no job can have.
        """
        text = str(value).strip()
        if text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_ID:
            return int(text)
        raise InvalidFieldError(
            "job",
            f"a job is named by its number, 1 or more, got {value!r}; see all with: bort jobs list",
        )


class Count(click.ParamType[int]):
    """How many: a whole number from 1 up."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number; anything else is a usage error."""
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_ID):
            self.fail(f"a whole number from 1 up is needed, got {value!r}.", param, ctx)
        return int(text)


def task_options(command: F) -> F:
    """`--task NAME`, or `--task FILE --text COLUMN[,COLUMN] --label COLUMN`."""
    for option in reversed(
        [
            click.option(
                "--task",
                default=TaskSpec().task,
                show_default=True,
                metavar="NAME|FILE|hub:ID",
                help="A named task, a CSV, TSV, JSONL or Parquet file, or a data set's id.",
            ),
            click.option(
                "--text",
                default="text",
                show_default=True,
                metavar="COLUMN[,COLUMN]",
                help="Text column(s) of a file.",
            ),
            click.option(
                "--label",
                default="label",
                show_default=True,
                metavar="COLUMN",
                help="Label column of a file.",
            ),
            click.option(
                "--labelled",
                type=int,
                metavar="N",
                help="Keep N labelled training texts, the rest unlabelled [default: all].",
            ),
        ]
    ):
        command = option(command)
    return command


def task_spec(task: str, text: str, label: str, labelled: int | None, seed: int = 0) -> TaskSpec:
    """The task that the options of `task_options` name."""
    columns = tuple(part.strip() for part in text.split(",") if part.strip())
    return TaskSpec(task=task, text=columns, label=label, labelled=labelled, seed=seed)


def print_json(answer: dict[str, Any]) -> None:
    """One JSON object on standard output; NaN and infinity are errors, never printed."""
    click.echo(json.dumps(answer, allow_nan=False, ensure_ascii=False))


def show_answer(answer: "StudyAnswer | TableAnswer", *, as_json: bool) -> None:
    """The answer of a search, for people or for programs."""
    from bort.report import search as report

    if as_json:
        print_json(report.answer_json(answer))
    else:
        report.print_answer(answer)
