"""The runs of `bort bench training`: table, summary and files."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean, median
from typing import Any, get_type_hints

from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The settings that all runs of a table share."""

    steps: int
    batch_size: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Setting):
    """One architecture with one seed, trained in four ways: a row of `training.csv`.

    Attributes:
        trainer_step_ms, our_step_ms: medians per step.
        trainer_error, our_error: on dev, from random weights on hard labels.
        speedup: how many of our steps fit into one of the Trainer's.
        scratch_error: the error of the search's training from random weights, with the teacher's
            labels.
        inherited_error, inherited_seconds, inherited_attempts: those of the search's default
            training.
    """

    architecture: str
    seed: int
    learning_rate: float
    trainer_step_ms: float
    our_step_ms: float
    trainer_error: float
    our_error: float
    speedup: float
    scratch_error: float
    inherited_error: float
    inherited_seconds: float
    inherited_attempts: int

    @property
    def setting(self) -> Setting:
        """The settings it shares with the other runs of its table."""
        return Setting(steps=self.steps, batch_size=self.batch_size, threads=self.threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Our dev error minus the Trainer's, paired by architecture and seed.

    Attributes:
        low, high: 95% interval by Student's t over the runs; None for a single run.
    """

    mean: float
    low: float | None
    high: float | None
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureSummary:
    """The runs of one architecture: medians of times, means of errors."""

    architecture: str
    seeds: int
    trainer_steps_per_s: float
    our_steps_per_s: float
    speedup: float
    trainer_error: float
    our_error: float
    scratch_error: float
    inherited_error: float
    inherited_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The summary of all runs, as `bort bench training --json` prints it.

    Attributes:
        oracle: the facts that the errors depend on, see `ErrorOracle.describe`.
        speedup: median over all runs.
    """

    steps: int
    batch_size: int
    oracle: Mapping[str, Any]
    speedup: float
    error_difference: Difference
    architectures: tuple[ArchitectureSummary, ...]
    runs: tuple[Run, ...]


def read_runs(folder: Path, setting: Setting) -> list[Run]:
    """Read the runs in a folder's `training.csv`, if it exists.

    Raises:
        InvalidDataError: they were made under another setting and would be overwritten.
    """
    path = folder / "training.csv"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    try:
        runs = [_run(row) for row in csv.DictReader(io.StringIO(text))]
        is_other = any(run.setting != setting for run in runs)
    except (KeyError, TypeError, ValueError):
        runs, is_other = [], True
    if is_other:
        asked = ", ".join(f"{name} {value}" for name, value in asdict(setting).items())
        raise InvalidDataError(
            f"{path} contains runs other than those of {asked}; choose another folder with --out"
        )
    return runs


def _run(row: Mapping[str, str]) -> Run:
    kinds = get_type_hints(Run)
    return Run(**{name: kinds[name](row[name]) for name in kinds})


def summary(runs: Sequence[Run], oracle: Mapping[str, Any]) -> Summary:
    """Summarise at least one run, per architecture and over all."""
    names = dict.fromkeys(run.architecture for run in runs)
    return Summary(
        steps=runs[0].steps,
        batch_size=runs[0].batch_size,
        oracle=dict(oracle),
        speedup=median(run.speedup for run in runs),
        error_difference=_difference([run.our_error - run.trainer_error for run in runs]),
        architectures=tuple(
            _architecture([run for run in runs if run.architecture == name]) for name in names
        ),
        runs=tuple(runs),
    )


def _difference(values: Sequence[float]) -> Difference:
    from scipy import stats

    mean, n = fmean(values), len(values)
    if n < 2:
        return Difference(mean=mean, low=None, high=None, runs=n)
    half = float(stats.t.ppf(0.975, n - 1) * stats.sem(values))
    return Difference(mean=mean, low=mean - half, high=mean + half, runs=n)


def _architecture(runs: Sequence[Run]) -> ArchitectureSummary:
    return ArchitectureSummary(
        architecture=runs[0].architecture,
        seeds=len(runs),
        trainer_steps_per_s=1e3 / median(run.trainer_step_ms for run in runs),
        our_steps_per_s=1e3 / median(run.our_step_ms for run in runs),
        speedup=median(run.speedup for run in runs),
        trainer_error=fmean(run.trainer_error for run in runs),
        our_error=fmean(run.our_error for run in runs),
        scratch_error=fmean(run.scratch_error for run in runs),
        inherited_error=fmean(run.inherited_error for run in runs),
        inherited_seconds=median(run.inherited_seconds for run in runs),
    )


def report(answer: Summary) -> str:
    """Write a Markdown table that is also readable in a terminal."""
    lines = [
        "| architecture | seeds | Trainer steps/s | our steps/s | speedup | dev error: Trainer "
        "| ours | teacher's labels | and inherited | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in answer.architectures:
        lines.append(
            f"| {row.architecture} | {row.seeds} | {row.trainer_steps_per_s:.1f} "
            f"| {row.our_steps_per_s:.1f} | {row.speedup:.1f} "
            f"| {row.trainer_error:.3f} | {row.our_error:.3f} "
            f"| {row.scratch_error:.3f} | {row.inherited_error:.3f} "
            f"| {row.inherited_seconds:.1f} |"
        )
    lines += ["", f"Median speedup over all runs: {answer.speedup:.1f}x."]
    found = answer.error_difference
    if found.low is not None:
        lines += [
            f"Our dev error minus the Trainer's, paired, {found.runs} runs: {found.mean:+.4f} "
            f"(95%: {found.low:+.4f} to {found.high:+.4f})."
        ]
    return "\n".join(lines)


def write_report(folder: Path, answer: Summary) -> None:
    """Write `training.md` and `training.csv`."""
    oracle = answer.oracle
    text = (
        "# Training: our path compared with transformers.Trainer\n\n"
        "bort has its own training loop, because a search needs dozens of short trainings. Is "
        "it faster than the usual one, and as good? Here both train the same architectures from "
        "the same random weights and take turns, so that a busy machine slows both.\n\n"
        "![Dev errors by labels and first weights](../images/training.svg)\n\n"
        "*Read the table like this*: the same hard labels, "
        f"{answer.steps} steps of {answer.batch_size}, the same learning rate; "
        f"{oracle['threads']} CPU threads, texts of at most {oracle['max_length']} tokens. The "
        "last three columns train as the search does, with the labels of a teacher whose dev "
        f"error is {oracle['teacher_dev_error']:.3f}: from scratch, then with inherited weights, "
        "and the seconds that one such training takes with its evaluation. "
        "`bort bench training --out docs/bench` writes this page; [training.md](../training.md) "
        "explains the loop.\n\n"
    )
    table = io.StringIO()
    names = [one.name for one in fields(Run)]
    writer = csv.DictWriter(table, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(run) for run in answer.runs)
    write_atomically(folder / "training.csv", table.getvalue().encode())
    write_atomically(folder / "training.md", f"{text}{report(answer)}\n".encode())
