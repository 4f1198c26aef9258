"""`bort bench agora`, without the command: which runs, what rows, what they come to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bort.agora.text.arms import Arms
from bort.agora.text.findings import findings, unpacked
from bort.agora.text.material import run_task
from bort.agora.text.spec import AGORA, BENCH_ARMS, PLAIN, TextSpec
from bort.agora.text.world import text_world

COLUMNS = (
    *("line", "task", "labelled", "student", "initialise"),
    *("sampler", "representation", "labeler", "arm", "seed"),
    *("added", "steps", "dev_error", "audit_error", "audit_n", "seconds", "curve", "wrong"),
    "teacher_wrong",
)
_FLOATS = ("dev_error", "audit_error", "seconds")
_NUMBERS: Mapping[str, type] = {
    **dict.fromkeys(("labelled", "seed", "added", "steps", "audit_n"), int),
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
        "representation": line.spec.representation,
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
    """What each line came to, in the order of the rows; see `findings` and `_mean_curve`."""
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["line"], []).append(row)
    answers = []
    for name, found in lines.items():
        last = found[-1]
        teacher = unpacked(last["teacher_wrong"], last["audit_n"])
        shown = ("task", "labelled", "student", "initialise", "sampler", "representation")
        answers.append(
            {
                "line": name,
                **{key: last[key] for key in (*shown, "labeler", "audit_n")},
                **findings(_with_plain(found, rows), teacher),
                "curve": _mean_curve([row["curve"] for row in found if row["arm"] == AGORA]),
            }
        )
    return answers


def _with_plain(
    found: list[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """A line of Agora alone, with the plain trainings of its student's first line.

    Plain training knows no sampler. Random augmentation is not shared: it adds as many points as
    the Agora of its own line did.
    """
    if any(row["arm"] == PLAIN for row in found):
        return found
    same = ("task", "labelled", "student", "initialise", "steps")
    plain = [r for r in rows if r["arm"] == PLAIN and all(r[k] == found[0][k] for k in same)]
    return [*found, *(row for row in plain if row["line"] == plain[0]["line"])]


def _mean_curve(curves: Sequence[str]) -> list[dict[str, float]]:
    """Audit error after each round, over the seeds: {added, audit_error}; see `_written`."""
    seeds = [[tuple(map(float, point.split(":"))) for point in curve.split()] for curve in curves]
    rounds = min(map(len, seeds), default=0)
    means = np.mean([points[:rounds] for points in seeds], axis=0) if rounds else np.empty((0, 2))
    return [{"added": float(added), "audit_error": float(error)} for added, error in means]
