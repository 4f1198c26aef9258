"""`bort bench`: hands over to the benchmarks, which lie beside the package in a checkout."""

import sys
from importlib import import_module
from pathlib import Path

import click

import bort
from bort.core.errors import MissingExtraError

ROOT = Path(bort.__file__).parent.parent

# Name -> (module, attribute, one line for `bort bench --help`). Loaded when called.
BENCHMARKS: dict[str, tuple[str, str, str]] = {
    "agora": (
        "benchmarks.agora.command",
        "agora",
        "Agora beside plain training and random augmentation.",
    ),
    "training": (
        "benchmarks.training.command",
        "training",
        "Our training path beside a plain transformers.Trainer.",
    ),
    "latency": (
        "benchmarks.latency.command",
        "latency",
        "The latency axis: errors, repetition, landmarks, a busy machine.",
    ),
    "search": (
        "benchmarks.search.command",
        "search",
        "The certified search beside random search and Optuna's samplers.",
    ),
    "record": (
        "benchmarks.record.command",
        "record",
        "Train a whole space and keep every row.",
    ),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(BENCHMARKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in BENCHMARKS:
            return None
        _make_importable()
        module, attribute, _ = BENCHMARKS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in BENCHMARKS.items()])


def _make_importable() -> None:
    if not (ROOT / "benchmarks" / "__init__.py").exists():
        raise MissingExtraError(
            "the benchmarks are not part of the installed package; run them from a checkout "
            "of the project (make setup, then .venv/bin/bort bench)"
        )
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


@click.group(cls=_LazyGroup)
def bench() -> None:
    """Reproduce our benchmarks on this machine.

    \b
    Examples:
      bort bench training
      bort bench training --json
      bort bench search --samplers certified,random
    """
