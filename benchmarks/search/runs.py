"""Runs of samplers on tables: their list, and a log to resume them from."""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks import drop_torn_line
from benchmarks.search.samplers import Evaluated, Sampler
from benchmarks.search.table import BenchmarkTable
from bort.core.errors import InvalidDataError


class RunKey(NamedTuple):
    """The identity of a run.

    Attributes:
        table: its name.
        digest: digest of its values, so that the runs of a changed table are repeated.
        sampler: its name.
        seed: seed of the sampler.
        limit: requested evaluations.
    """

    table: str
    digest: str
    sampler: str
    seed: int
    limit: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a sampler.

    Attributes:
        key: the run's identity.
        rows: the different architectures in the order of their evaluation; fewer than requested if
            the sampler ended or only repeated itself.
        certified_epsilon: the ε certified at the end; None if nothing is.
    """

    key: RunKey
    rows: tuple[int, ...]
    certified_epsilon: float | None


def list_runs(
    tables: Sequence[BenchmarkTable], samplers: Sequence[Sampler], *, seeds: int, evaluations: int
) -> list[tuple[BenchmarkTable, Sampler, RunKey]]:
    """List all runs, seed by seed: if interrupted, all samplers have about as many runs."""
    keys = []
    for seed in range(seeds):
        for table in tables:
            digest = hashlib.sha256(table.costs.tobytes()).hexdigest()[:12]
            for sampler in samplers:
                if seed < sampler.seeds:
                    most = sampler.most_evaluations or evaluations
                    limit = min(evaluations, most, len(table))
                    key = RunKey(table.name, digest, sampler.name, seed, limit)
                    keys.append((table, sampler, key))
    return keys


def run_sampler(table: BenchmarkTable, sampler: Sampler, key: RunKey) -> Run:
    """Let the sampler choose, and evaluate from the table."""
    evaluated: list[Evaluated] = []
    proposals = _listed(sampler.propose(table, key.seed, key.limit), evaluated)
    for share in table.shares(proposal.row for proposal in proposals):
        if sampler.until < 1 and share >= sampler.until:
            break
    last = evaluated[-1].certified_epsilon if evaluated else None
    return Run(key, tuple(e.row for e in evaluated), last)


def _listed(proposals: Iterator[Evaluated], seen: list[Evaluated]) -> Iterator[Evaluated]:
    for proposal in proposals:
        seen.append(proposal)
        yield proposal


class RunLog:
    """A CSV file with one line per run, appended as runs end.

    Raises:
        InvalidDataError: the file is not such a log.
    """

    COLUMNS = (*RunKey._fields, "certified_epsilon", "rows")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[RunKey, Run] = {}
        if path.exists():
            drop_torn_line(self.path)
            self.done = {run.key: run for run in self._read()}

    def add(self, run: Run) -> None:
        """Append one run and write it to disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(self.COLUMNS)
            epsilon = "" if run.certified_epsilon is None else repr(run.certified_epsilon)
            writer.writerow([*run.key, epsilon, " ".join(map(str, run.rows))])
            file.flush()
            os.fsync(file.fileno())
        self.done[run.key] = run

    def _read(self) -> Iterator[Run]:
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            if tuple(next(reader, ())) != self.COLUMNS:
                raise InvalidDataError(f"{self.path} is not a log of runs; name another folder")
            for line in reader:
                try:
                    yield _parse(line)
                except ValueError:
                    raise InvalidDataError(
                        f"line {reader.line_num} of {self.path} cannot be read; remove the line"
                    ) from None


def _parse(line: list[str]) -> Run:
    table, digest, sampler, seed, limit, epsilon, rows = line
    key = RunKey(table, digest, sampler, int(seed), int(limit))
    return Run(key, tuple(map(int, rows.split())), float(epsilon) if epsilon else None)
