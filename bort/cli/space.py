"""`bort space`: shows a search space before anything is trained."""

from typing import Any

import click

from bort.cli import options
from bort.core.fields import read
from bort.core.serialise import to_json
from bort.families import FAMILY_NAMES
from bort.studies.parts import COUNTED, READ_TASK

_HELP = f"""Show how many architectures a space has, their costs, and for which of them ABnC holds.

NAME is bort (the published space), minilm (below all-MiniLM-L6-v2) or small (static, convolutional
and BERT networks with vocabularies). A FILE is TOML. Its family is
one of {", ".join(FAMILY_NAMES)}, or another model type that transformers knows.

\b
  family = "bert"
  [dimensions]
  depth = [2, 4]
  heads = [4, 8]
  hidden = [256, 512]
  intermediate = [1024]
  [fixed]                     # optional
  vocabulary = 30522          # or a list under [dimensions]

A space of several families has one table [[families]] for each, with these keys.

\b
Examples:
  bort space show
  bort space show minilm --sequence-length 128
  bort space show my-space.toml --json
  bort space show small --task movie-reviews
"""


@click.group()
def space() -> None:
    """Show a search space.

    \b
    Examples:
      bort space show
      bort space show my-space.toml --json
    """


@space.command(help=_HELP, cls=options.Command)
@click.argument("name_or_file", metavar="[NAME|FILE]", default="bort")
@options.asks(COUNTED, READ_TASK)
@options.as_json
def show(name_or_file: str, as_json: bool, **texts: Any) -> None:
    """Print the summary of a space; `_HELP` is its help text."""
    from bort.families import load_space
    from bort.families.summary import UnionSummary, summary_of
    from bort.report.terminal import Terminal

    given = read(texts, COUNTED, READ_TASK)
    asked = COUNTED.build(given)
    with Terminal(stderr=True).status("Reading the space"):  # seconds, if a family is fitted
        loaded = load_space(name_or_file)
    vocabularies = None
    if given.get("task"):
        from bort.training.readings import vocabularies_of

        vocabularies = vocabularies_of(loaded, READ_TASK.build(given))
    summary = summary_of(loaded, batch_size=asked.batch_size, sequence_length=asked.sequence_length)
    if as_json:
        more = {} if vocabularies is None else {"vocabularies": to_json(vocabularies)}
        options.print_json({**summary.to_dict(), **more})
        return
    from bort.report.space import print_space, print_union, print_vocabularies

    if isinstance(summary, UnionSummary):
        print_union(summary)
    else:
        print_space(summary)
    if vocabularies is not None:
        print_vocabularies(vocabularies, given["task"])
