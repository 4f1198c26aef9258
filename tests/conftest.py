"""Common to all tests: the environment, the order, and the time that each suite takes."""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator

import pytest
from budgets import budgets, suite
from sqlalchemy import Pool, event

# Make waiting torch threads sleep instead of spinning. Two workers on two cores would
# otherwise spin most of the time: fine-tuning a tiny teacher took 17 s instead of 1 s.
# This is set before torch is loaded; child processes inherit it; no result depends on it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

SLOW = (
    "browser",
    "training",
    "api",
    "cli",
    "finetuning",
    "agora",
    "jobs",
    "export",
    "rivals",
    "benchmarks",
    "ui",
    "wheel",
)


@event.listens_for(Pool, "connect")
def trust_the_disk(connection: object, _: object) -> None:
    """Skip SQLite's wait for the disk, 12 ms a write: it only protects from power cuts."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests out of the user's home; all workers share the one made here."""
    if "BORT_HOME" not in os.environ:
        home = os.environ["BORT_HOME"] = tempfile.mkdtemp(prefix="bort-tests-")
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.pop("BORT_STORE", None)


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """Switch denormal numbers back on, which training switches off for good."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest suites, so that both workers finish at about the same time."""
    order = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(suite(item.path), len(order)))
    for item in items:
        if suite(item.path) in SLOW:
            item.add_marker("slow")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each suite's time and budget, after a run of several suites."""
    took: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = terminalreporter.config.rootpath / report.nodeid.partition("::")[0]
                took[suite(file)] += report.duration
    if len(took) < 3:
        return
    allowed = budgets()
    terminalreporter.section("seconds by suite, all workers together")
    for name, seconds in took.most_common():
        over = "   over its budget" if seconds > allowed.get(name, 0) else ""
        terminalreporter.line(f"{name:12} {seconds:6.0f} of {allowed.get(name, 0):4}{over}")
    terminalreporter.line(f"{'all':12} {sum(took.values()):6.0f} of {sum(allowed.values()):4}")
