"""Malformed inputs to every command and option end in one line, quickly, and leave nothing.

The cases are the same in every run; a failure prints the command and what is malformed.
"""

import random
from collections import Counter
from pathlib import Path
from typing import NoReturn

import pytest
from cases import SEED, Case, all_cases, commands, leaf
from probing import Started, faults, run_command, run_here
from world import World

HERE = 2000  # at least this many in one process
AS_COMMANDS = 100
SLOWLY = pytest.mark.timeout(1800)  # importing torch takes 12 s on a slow machine


@pytest.fixture
def without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop where long work would begin."""

    def start(*_: object, **__: object) -> NoReturn:
        raise Started

    for place in (
        *("bort.jobs.run_here", "bort.jobs.start_detached", "bort.jobs.resume"),
        *("bort.studies.measuring.measure_sample", "bort.studies.measuring.measure_winners"),
        *("bort.cli.app.os.execve", "bort.cli.serve._listen"),
        *("bort.cli.data.prepare", "bort.tasks.fetch._download"),
        *("benchmarks.agora.bench.bench_rows", "benchmarks.answers.command._answers"),
        *("benchmarks.latency.steps.run_step", "benchmarks.training.comparison.compare"),
        *("benchmarks.search.command._run_missing", "benchmarks.record.command._oracle"),
        *("benchmarks.realised.command._record", "benchmarks.plans.command._measured"),
        *("benchmarks.front.command._measure", "benchmarks.examples.command._run"),
        "benchmarks.parallel.rows.simulate",
    ):
        monkeypatch.setattr(place, start)


def test_every_command_is_tried(world: World) -> None:
    tried = {case.argv[: leaf(case.argv)[1]] for case in all_cases(world) if case.label[0] in "-a@"}
    assert set(commands()) - tried == set()


@pytest.mark.usefixtures("without_work")
@SLOWLY
def test_malformed_inputs_in_one_process(world: World, tmp_path: Path) -> None:
    cases = all_cases(world)
    assert len(cases) >= HERE
    codes: Counter[int | None] = Counter()
    found: list[tuple[Case, list[str]]] = []
    for number, case in enumerate(cases):
        ended = run_here(case, world, tmp_path / str(number))
        codes[ended.code] += 1
        if what := faults(case, ended):
            found.append((case, what))
    assert not found, f"{len(found)} of {len(cases)}\n" + _report(found)
    assert codes[2] > len(cases) / 2  # most of what is malformed is refused


@SLOWLY
def test_malformed_inputs_as_commands(world: World, tmp_path: Path) -> None:
    cases = [case for case in all_cases(world) if not case.works and _can_be_typed(case)]
    chosen = random.Random(SEED).sample(cases, AS_COMMANDS)
    found = []
    for number, case in enumerate(chosen):
        if what := faults(case, run_command(case, world, tmp_path / str(number))):
            found.append((case, what))
    assert not found, f"{len(found)} of {len(chosen)}\n" + _report(found)


def _can_be_typed(case: Case) -> bool:
    return all(
        "\0" not in word and "\ud83d" not in word and len(word) < 10**5 for word in case.argv
    )


def _report(found: list[tuple[Case, list[str]]]) -> str:
    lines = []
    for case, what in found:
        argv = " ".join(repr(word)[:80] for word in case.argv)
        lines.append(f"bort {argv}  [{case.label}]\n    {'; '.join(what)}")
    return "\n".join(lines)
