"""`bort bench agora`, without the command: which runs, what rows, what they come to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bort.agora_text.arms import Arms
from bort.agora_text.findings import findings, unpacked
from bort.agora_text.material import run_task
from bort.agora_text.spec import AGORA, BENCH_ARMS, TextSpec
from bort.agora_text.world import text_world

COLUMNS = (
    *("line", "task", "labelled", "student", "initialise", "sampler", "labeler", "arm", "seed"),
    *("added", "steps", "dev_error", "audit_error", "audit_n", "seconds", "curve", "wrong"),
    "teacher_wrong",
)
_FLOATS = ("dev_error", "audit_error", "seconds")
_NUMBERS: Mapping[str, type] = {
    **dict.fromkeys(("seed", "added", "steps", "audit_n"), int),
    **dict.fromkeys(_FLOATS, float),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of the bench.

    Attributes:
        name: of the line; rows of the same name belong together.
        spec: Agora's run.
        seeds: how many.
        arms: which to run.
    """

    name: str
    spec: TextSpec
    seeds: int
    arms: Sequence[str] = BENCH_ARMS


def bench_rows(line: Line, rows: Sequence[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Run what `rows` do not have of a line; rows that belong together come together."""
    done = {
        seed: {r["arm"]: r for r in rows if r["line"] == line.name and r["seed"] == seed}
        for seed in range(line.seeds)
    }
    if all(set(line.arms) <= found.keys() for found in done.values()):
        return
    world = text_world(line.spec, run_task(line.spec))
    shared = {
        "line": line.name,
        "task": line.spec.task.task,
        "labelled": line.spec.task.labelled or len(world.task.train),
        "student": line.spec.architecture,
        "initialise": line.spec.training.initialise,
        "sampler": line.spec.sampler,
        "labeler": line.spec.labeler,
        "audit_n": len(world.audit),
        "teacher_wrong": np.packbits(world.teacher_wrong).tobytes().hex(),
    }
    for seed in range(line.seeds):
        for results in Arms(world, line.spec, seed).missing(done[seed], arms=line.arms):
            yield [shared | _written(asdict(result)) for result in results]


def _written(result: dict[str, Any]) -> dict[str, Any]:
    result["curve"] = " ".join(f"{added}:{error:.4f}" for added, error in result["curve"])
    return result


def read_row(row: Mapping[str, str]) -> dict[str, Any]:
    """A row as a CSV file holds it, with numbers for numbers."""
    return {name: _NUMBERS.get(name, str)(value) for name, value in row.items()}


def bench_findings(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each line came to, in the order of the rows; see `findings`."""
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["line"], []).append(row)
    answers = []
    for name, found in lines.items():
        last = found[-1]
        teacher = unpacked(last["teacher_wrong"], last["audit_n"])
        shown = ("task", "labelled", "student", "initialise", "sampler", "labeler", "audit_n")
        answers.append(
            {
                "line": name,
                **{key: last[key] for key in shown},
                **findings(_with_shared(found, rows), teacher),
            }
        )
    return answers


def _with_shared(
    found: list[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """A line of Agora alone is compared with the other arms of the first line of its student."""
    if any(row["arm"] != AGORA for row in found):
        return found
    same = ("task", "labelled", "student", "initialise")
    alike = [row for row in rows if all(row[key] == found[0][key] for key in same)]
    others = [row for row in alike if row["arm"] != AGORA and row["line"] != found[0]["line"]]
    first = others[0]["line"] if others else None
    return [*found, *(row for row in others if row["line"] == first)]
