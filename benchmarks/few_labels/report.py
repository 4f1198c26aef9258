"""The page of `bort bench few-labels`: a table for each task, and differences with intervals."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.agora.bench import Row
from bort.agora.text.findings import Interval, error_difference, gap_closed, unpacked
from bort.agora.text.spec import AGORA, HALF, PLAIN, RANDOM
from bort.core.files import write_atomically

ARMS = {
    PLAIN: "labels alone",
    RANDOM: "with random texts",
    AGORA + HALF: "with half of Agora's",
    AGORA: "with Agora's",
}
Key = tuple[str, str]
"""A start and an arm."""


def write_page(table: Path, rows: Sequence[Row]) -> Path:
    """Write the page next to the table."""
    page = table.with_suffix(".md")
    write_atomically(page, markdown(rows).encode())
    return page


def markdown(rows: Sequence[Row]) -> str:
    """Write the whole page."""
    parts = [
        "# Few labels\n",
        "What does each means add where few texts are labelled? The same small student starts from "
        "random weights (*scratch*), from the source network's (*inherited*), or from inherited "
        "weights that have learned the teacher's answers to all unlabelled texts and to synthetic "
        "ones (*distilled*). From there it is trained with the same number of steps: on the "
        "labelled texts alone, with random texts that the teacher labels, or with as many that "
        "Agora finds near the student's errors. Distillation is not counted in these steps.\n",
        "Accuracy on the audit split in percent, means over the seeds. *Gap closed* is the share "
        "of the distance from *scratch, labels alone* to the teacher; intervals are 95%, paired "
        "over seeds and audit texts. `bort bench few-labels` adds the rows.\n",
    ]
    tasks: dict[tuple[str, int, str], list[Row]] = {}
    for row in rows:
        subject = row.subject
        key = (Path(subject.task).stem, subject.labelled, subject.student)
        tasks.setdefault(key, []).append(row)
    for (task, labelled, student), found in tasks.items():
        parts.append(f"## {task}: {labelled} labelled, student {student}\n")
        parts += _task(found)
    return "\n".join(parts) + "\n"


def _task(rows: Sequence[Row]) -> list[str]:
    items = rows[0].subject.audit_n
    seeds = _common_seeds(rows)
    if not seeds:
        return ["No seed is complete yet.\n"]
    by_seed = {(start_of(row), row.result.arm, row.result.seed): row for row in rows}
    keys: list[Key] = list(dict.fromkeys((start, arm) for start, arm, _ in by_seed))
    wrong = {
        key: np.stack([unpacked(by_seed[*key, seed].result.wrong, items) for seed in seeds])
        for key in keys
    }
    teacher = unpacked(rows[0].subject.teacher_wrong, items)
    plain = wrong.get(("scratch", PLAIN))
    lines = [
        f"{len(seeds)} seeds, {items} audit texts; the teacher has "
        f"{100 * (1 - teacher.mean()):.1f}.\n",
        "| start | trained | accuracy | gap closed | points |",
        "|---|---|---|---|---|",
    ]
    rng = np.random.default_rng(0)
    for start, arm in sorted(keys, key=lambda key: (_place(rows, key[0]), [*ARMS].index(key[1]))):
        mine = wrong[start, arm]
        gap = None if plain is None else gap_closed(plain, mine, teacher[None], rng)
        points = np.mean([by_seed[start, arm, seed].result.added for seed in seeds])
        lines.append(
            f"| {start} | {ARMS[arm]} | {100 * (1 - mine.mean()):.1f} | {_share(gap)} "
            f"| {points:.0f} |"
        )
    return [*lines, "", *_differences(wrong), ""]


def _differences(wrong: Mapping[Key, np.ndarray]) -> list[str]:
    """Compare Agora with random texts, and each start with the one before it."""
    rng, said = np.random.default_rng(1), []
    starts = list(dict.fromkeys(start for start, _ in wrong))
    pairs = [
        *(((start, RANDOM), (start, AGORA)) for start in starts),
        *(((start, RANDOM), (start, AGORA + HALF)) for start in starts),
        *(((start, PLAIN), (start, AGORA)) for start in starts),
        *(((a, PLAIN), (b, PLAIN)) for a, b in itertools.pairwise(starts)),
    ]
    for first, second in pairs:
        if first in wrong and second in wrong:
            points = error_difference(wrong[first], wrong[second], rng)
            said.append(f"* {_name(second)} minus {_name(first)}: {_points(points)} points")
    return said


def _common_seeds(rows: Sequence[Row]) -> list[int]:
    """List the seeds for which every start and arm that was begun is there."""
    found: dict[Key, set[int]] = {}
    for row in rows:
        found.setdefault((start_of(row), row.result.arm), set()).add(row.result.seed)
    return sorted(set.intersection(*found.values()))


def start_of(row: Row) -> str:
    """Name where the student of a row starts."""
    return {"inherit": "inherited"}.get(row.subject.initialise, row.subject.initialise)


def _place(rows: Sequence[Row], start: str) -> int:
    return list(dict.fromkeys(map(start_of, rows))).index(start)


def _name(key: Key) -> str:
    return f"*{key[0]}, {ARMS[key[1]]}*"


def _share(gap: Interval | None) -> str:
    if gap is None or not gap.is_known:
        return ""
    return f"{gap.value:.0%} ({gap.low:.0%} to {gap.high:.0%})"


def _points(error: Interval) -> str:
    """Write a difference of errors as one of accuracies."""
    return f"{-100 * error.value:+.1f} ({-100 * error.high:+.1f} to {-100 * error.low:+.1f})"
