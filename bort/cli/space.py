"""`bort space`: what a search space contains, before anything is trained."""

import click

from bort.cli import options
from bort.families import FAMILY_NAMES

_HELP = f"""Show how many architectures a space has, what they cost, and where ABnC holds.

NAME is bort (the published space) or minilm (below all-MiniLM-L6-v2). A FILE is TOML. Its family is
one of {", ".join(FAMILY_NAMES)}, or another model type that transformers knows.

\b
  family = "bert"
  [dimensions]
  depth = [2, 4]
  heads = [4, 8]
  hidden = [256, 512]
  intermediate = [1024]
  [fixed]                     # optional
  vocabulary = 30522

\b
Examples:
  bort space show
  bort space show minilm --sequence-length 128
  bort space show my-space.toml --json
"""


@click.group()
def space() -> None:
    """Show a search space.

    \b
    Examples:
      bort space show
      bort space show my-space.toml --json
    """


@space.command(help=_HELP)
@click.argument("name_or_file", metavar="[NAME|FILE]", default="bort")
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="Texts per forward pass, for counting operations.",
)
@click.option(
    "--sequence-length",
    type=click.IntRange(1, 100_000),
    default=32,
    show_default=True,
    help="Tokens per text, for counting operations.",
)
@options.as_json
def show(name_or_file: str, batch_size: int, sequence_length: int, as_json: bool) -> None:
    """Print the summary of a space; `_HELP` is what people read."""
    from rich.console import Console

    from bort.families import load_space
    from bort.families.summary import space_summary

    with Console(stderr=True).status("Reading the space"):  # seconds, if a family is fitted
        loaded = load_space(name_or_file)
    summary = space_summary(loaded, batch_size=batch_size, sequence_length=sequence_length)
    if as_json:
        options.print_json(summary.to_dict())
        return
    from bort.report.space import print_space

    print_space(summary)
