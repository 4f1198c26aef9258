"""What holds for every test: the environment, the order, and the time that each suite takes."""

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

# Threads of torch that wait for each other sleep instead of spinning. Two workers on two cores
# otherwise spin most of the time: fine-tuning a tiny teacher took 17 s, and takes 1 s asleep.
# Set before torch is loaded; child processes inherit it; no result depends on it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

SLOW = ("browser", "training", "cli", "finetuning", "agora", "jobs", "export", "benchmarks", "ui")


@event.listens_for(Pool, "connect")
def trust_the_disk(connection: object, _: object) -> None:
    """Do not wait for the disk at every write, ten times as long: no test needs a power cut."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def pytest_configure(config: pytest.Config) -> None:
    """Keep every test out of the home of whoever runs it; workers share the one made here."""
    if "BORT_HOME" not in os.environ:
        home = os.environ["BORT_HOME"] = tempfile.mkdtemp(prefix="bort-tests-")
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.pop("BORT_STORE", None)


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """Give back the processor's smallest numbers, which training switches off for good."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the suites that take longest, so that both workers end at about one time."""
    order = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(suite(item.path), len(order)))
    for item in items:
        if suite(item.path) in SLOW:
            item.add_marker("slow")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each suite took beside its budget, after a run of several."""
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
