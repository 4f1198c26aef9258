"""`bort bench`: forwards to the benchmarks, which only a checkout contains."""

import sys
from pathlib import Path

import click

import bort
from bort.cli.main import LazyGroup, Table
from bort.core.errors import MissingExtraError

ROOT = Path(bort.__file__).parent.parent

BENCHMARKS: Table = {
    "answers": (
        "benchmarks.answers.command",
        "answers",
        "Search and fine-tune with defaults, and compare with the baselines.",
    ),
    "classifiers": (
        "benchmarks.classifiers.command",
        "classifiers",
        "Compare our models with other people's small classifiers.",
    ),
    "plans": (
        "benchmarks.plans.command",
        "plans",
        "Compare what plans say with the time that passes.",
    ),
    "agora": (
        "benchmarks.agora.command",
        "agora",
        "Compare Agora with plain training and random augmentation.",
    ),
    "few-labels": (
        "benchmarks.few_labels.command",
        "few_labels",
        "Measure what inheriting, distilling and Agora add to few labels.",
    ),
    "training": (
        "benchmarks.training.command",
        "training",
        "Compare our training with transformers.Trainer.",
    ),
    "latency": (
        "benchmarks.latency.command",
        "latency",
        "Check the latency measurements: errors, repeats, landmarks, a busy machine.",
    ),
    "front": (
        "benchmarks.front.command",
        "front",
        "Time how fast the dashboard paints, beside a plain Streamlit page.",
    ),
    "search": (
        "benchmarks.search.command",
        "search",
        "Compare the certified search with random search, Optuna, BoTorch and SMAC.",
    ),
    "bounds": (
        "benchmarks.bounds.command",
        "bounds",
        "Compare estimators of λ: evaluations to a certificate, and wrong ones.",
    ),
    "parallel": (
        "benchmarks.parallel.command",
        "parallel",
        "Count the trainings and simulate the time of searches with several workers.",
    ),
    "record": (
        "benchmarks.record.command",
        "record",
        "Train every architecture of a space and keep every row.",
    ),
    "examples": (
        "benchmarks.examples.command",
        "examples",
        "Record the finished examples of Agora, models and measurements again.",
    ),
    "lessons": (
        "benchmarks.lessons.command",
        "lessons",
        "Record what the lessons show but cannot compute at once.",
    ),
    "realised": (
        "benchmarks.realised.command",
        "realised",
        "Compare the order after a short training with that of finished models.",
    ),
}


class _FromCheckout(LazyGroup):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return this benchmark, or report that the benchmarks are not installed."""
        if cmd_name in self.table:
            _make_importable()
        return super().get_command(ctx, cmd_name)


def _make_importable() -> None:
    if not (ROOT / "benchmarks" / "__init__.py").exists():
        raise MissingExtraError(
            "the installed package does not contain the benchmarks; clone the project and run "
            "them there: make setup, then .venv/bin/bort bench"
        )
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


@click.group(cls=_FromCheckout, table=BENCHMARKS)
def bench() -> None:
    """Run our benchmarks on this machine. Needs a checkout of the project.

    \b
    Examples:
      bort bench training
      bort bench training --json
      bort bench search --samplers certified,random
    """
