"""Count trainings with one seed, with all, and with more seeds only where they decide something.

Run: python -m benchmarks.search.seeds [front|certificates]

It writes docs/bench/seeds-front.csv and docs/bench/seeds-certificates.csv, row by row; a stopped
run continues. All of it takes some minutes. docs/guarantee.md, "One seed first".
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import say
from benchmarks.row_log import RowLog
from benchmarks.search import hpo_tables
from benchmarks.search.guarantee import MAKERS
from benchmarks.search.hpo_package import is_installed
from benchmarks.search.measures import SHARES, median_of
from benchmarks.search.recorded_tables import RECORDED, load_table
from benchmarks.search.seed_rules import Rule, SeededTable, certificate, front_search
from bort.core.errors import InvalidOptionError
from bort.search.trials import SpaceKind

Row = tuple[dict[str, Any], Callable[[], dict[str, Any]]]
"""What tells a row from others, and what measures the rest of it."""

BENCH = Path(__file__).parents[2] / "docs" / "bench"
STARTS, PUBLIC_STARTS = 20, 10
EPSILONS = (0.25, 0.1)
TABLES = ("movie-reviews-minilm-96", "tweets-minilm-24")
PUBLIC = tuple(name for name in hpo_tables.SOURCES if name.startswith("hpolib-"))
SPACES_EPSILON = 0.25
SPACES, SPREAD, SEEDS = 100, 0.044, 3  # the spread of the movie reviews' seeds

FRONT_RULES: Mapping[str, Rule] = {
    "one seed": Rule(1),
    "all seeds": Rule(),
    "on demand": Rule(1, margin=1.0),
    "on demand, margin 1/2": Rule(1, margin=0.5),
    "on demand, margin 2": Rule(1, margin=2.0),
    "on demand, all at once": Rule(1, margin=1.0, at_once=True),
    "on demand, after half": Rule(1, margin=1.0, at_once=True, after=0.5),
}
MAIN = ("one seed", "all seeds", "on demand")
CERTIFICATE_RULES: Mapping[str, Rule] = {
    "one seed, as trained": Rule(1, has_noise=False),
    "all seeds, as trained": Rule(has_noise=False),
    "all seeds": Rule(),
    "on demand": Rule(1, margin=1.0),
}
_REACHED = [f"{what}_{share:.0%}".removesuffix("%") for what in ("to", "seen") for share in SHARES]
FRONT_COLUMNS: Mapping[str, type] = {
    "table": str,
    "rule": str,
    "start": int,
    **dict.fromkeys(_REACHED, float),
    "half": float,
    "whole": float,
    "trainings": int,
}
CERTIFICATE_COLUMNS: Mapping[str, type] = {
    "table": str,
    "rule": str,
    "epsilon": float,
    "start": int,
    "trainings": int,
    "architectures": int,
    "true_epsilon": float,
    "own_epsilon": float,
}


@cache
def seeded_table(name: str) -> SeededTable:
    """Load a recorded or public table with the errors of each seed."""
    table = load_table(name)
    if name in hpo_tables.SOURCES:
        return SeededTable(name, table.problem, hpo_tables.seed_errors(name))
    frame = pd.read_csv(RECORDED / f"{name}.csv").set_index(list(table.problem.names))
    rows = pd.MultiIndex.from_tuples([tuple(table.choice(r).values()) for r in range(len(table))])
    errors = frame.filter(regex="^error_seed").astype(float).reindex(rows)
    return SeededTable(name, table.problem, errors.to_numpy())


def simulated_table(kind: SpaceKind, number: int) -> SeededTable:
    """Make a space of `benchmarks.search.guarantee`, with errors that differ from seed to seed."""
    case = MAKERS[kind](1000 + number)
    noise = np.random.default_rng([number, 2]).normal(0, SPREAD, (len(case.problem), SEEDS))
    return SeededTable(str(kind), case.problem, case.errors[:, None] * np.exp(noise))


def front_row(name: str, rule: Rule, start: int) -> dict[str, Any]:
    """Count the trainings after which a search has, for good, a share of the front's hypervolume.

    `to` goes by the architectures that the search reports as its front, `seen` by all that it has
    trained: it need not know which of them are good. `half` and `whole` are the reported shares
    when half as many, and as many, trainings have been made as there are architectures.
    """
    table = seeded_table(name)
    looks = list(front_search(table, rule, start))
    trainings = np.array([look.trainings for look in looks])
    shares = {
        "to": np.array([table.share(look.reported) for look in looks]),
        "seen": np.array([table.share(look.evaluated) for look in looks]),
    }
    counts: dict[str, int | None] = {}
    for name in _REACHED:
        what, _, percent = name.partition("_")
        below = np.flatnonzero(shares[what] < int(percent) / 100 - 1e-12)
        first = int(below[-1]) + 1 if len(below) else 0
        counts[name] = int(trainings[first]) if first < len(looks) else None
    half, whole = (
        round(float(shares["to"][trainings <= most][-1]), 5)
        for most in (len(table) // 2, len(table))
    )
    return {**counts, "half": half, "whole": whole, "trainings": int(trainings[-1])}


def _front_rows() -> Iterator[Row]:
    public = PUBLIC if is_installed() else ()
    for names, rules, starts in (
        (TABLES, tuple(FRONT_RULES), STARTS),
        (public, MAIN, PUBLIC_STARTS),
    ):
        for start in range(starts):
            for name in names:
                for title in rules:
                    key = {"table": name, "rule": title, "start": start}
                    yield key, partial(front_row, name, FRONT_RULES[title], start)


def _certificate_rows() -> Iterator[Row]:
    spaces = [(name, epsilon, STARTS) for name in TABLES for epsilon in EPSILONS]
    spaces += [(str(kind), SPACES_EPSILON, SPACES) for kind in SpaceKind]
    for title, rule in CERTIFICATE_RULES.items():
        for name, epsilon, starts in spaces:
            for start in range(starts):
                key = {"table": name, "rule": title, "epsilon": epsilon, "start": start}
                yield key, partial(certificate_row, name, rule, start, epsilon)


def certificate_row(name: str, rule: Rule, start: int, epsilon: float) -> dict[str, Any]:
    """Search a table from a random start, or a space of a kind, until ε is certified."""
    is_table = name in TABLES
    table = seeded_table(name) if is_table else simulated_table(SpaceKind(name), start)
    numbers = certificate(table, rule, start, epsilon)._asdict()
    return {**numbers, **{n: round(numbers[n], 6) for n in ("true_epsilon", "own_epsilon")}}


def measure(log: RowLog, rows: Iterator[Row]) -> pd.DataFrame:
    """Measure the rows that the log does not have; each is appended as it ends."""
    done: set[tuple[Any, ...]] | None = None
    for key, measured in rows:
        if done is None:
            done = set(log.rows()[list(key)].itertuples(index=False, name=None))
        if tuple(key.values()) not in done:
            say(", ".join(map(str, key.values())))
            log.append({**key, **measured()})
    return log.rows()


def _median(values: pd.Series) -> str:
    numbers = [None if np.isnan(v) else v for v in values]
    middle, low, high = median_of(numbers)
    ends = " to ".join("–" if end is None else f"{end:g}" for end in (low, high))
    return f"{'never' if middle is None else f'{middle:g}'} ({ends})"


def front_table(rows: pd.DataFrame) -> str:
    """Write the medians over the starts, with their intervals, as a Markdown table."""
    lines = [
        "| table | seeds | to 95% | to 99% | seen 99% | reported at half | at whole |",
        "|---|---|---|---|---|---|---|",
    ]
    for (table, rule), some in rows.groupby(["table", "rule"], sort=False):
        counts = " | ".join(_median(some[name]) for name in ("to_95", "to_99", "seen_99"))
        shares = f"{some['half'].median():.1%} | {some['whole'].median():.1%}"
        lines.append(f"| {table} | {rule} | {counts} | {shares} |")
    return "\n".join(lines)


def certificate_table(rows: pd.DataFrame) -> str:
    """Write the medians over the starts, and how many claims were wrong, as a Markdown table."""
    lines = [
        "| table | ε | seeds | trainings | architectures | wrong as stated | for the means |",
        "|---|---|---|---|---|---|---|",
    ]
    for (table, epsilon, rule), some in rows.groupby(["table", "epsilon", "rule"], sort=False):
        counts = " | ".join(_median(some[name]) for name in ("trainings", "architectures"))
        limit = (1 + some["epsilon"]) * (1 + 1e-6) - 1
        wrong = [int((some[name] > limit).sum()) for name in ("own_epsilon", "true_epsilon")]
        of = " | ".join(f"{count} of {len(some)}" for count in wrong)
        lines.append(f"| {table} | {epsilon} | {rule} | {counts} | {of} |")
    return "\n".join(lines)


def main(*what: str) -> None:
    """Measure and print what is asked for: both, if nothing is."""
    if unknown := set(what) - {"front", "certificates"}:
        raise InvalidOptionError(f"cannot measure {unknown.pop()!r}; choose front or certificates")
    if "front" in what or not what:
        log = RowLog(BENCH / "seeds-front.csv", FRONT_COLUMNS, {})
        print(front_table(measure(log, _front_rows())))
    if "certificates" in what or not what:
        log = RowLog(BENCH / "seeds-certificates.csv", CERTIFICATE_COLUMNS, {})
        print(certificate_table(measure(log, _certificate_rows())))


if __name__ == "__main__":
    main(*sys.argv[1:])
