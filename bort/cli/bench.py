"""`bort bench`: our benchmarks, each one command."""

from importlib import import_module

import click

# Name -> (module, attribute, one line for `bort bench --help`). Loaded when called.
BENCHMARKS: dict[str, tuple[str, str, str]] = {
    "agora": (
        "bort.cli.bench_agora",
        "agora",
        "Agora beside plain training and random augmentation.",
    ),
    "training": (
        "bort.cli.bench_training",
        "training",
        "Our training path beside a plain transformers.Trainer.",
    ),
    "latency": (
        "bort.cli.bench_latency",
        "latency",
        "The latency axis: errors, repetition, landmarks, a busy machine.",
    ),
    "search": (
        "bort.cli.bench_search",
        "search",
        "The certified search beside random search and Optuna's samplers.",
    ),
    "record": (
        "bort.cli.bench_record",
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
        module, attribute, _ = BENCHMARKS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in BENCHMARKS.items()])


@click.group(cls=_LazyGroup)
def bench() -> None:
    """Reproduce our benchmarks on this machine.

    \b
    Examples:
      bort bench training
      bort bench training --json
      bort bench search --samplers certified,random
    """
