"""Agora as a job: every round is stored at once, with all its points."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from statistics import fmean
from time import monotonic
from typing import Any

import numpy as np

from bort.agora import Round, agora, corrected, provenance
from bort.agora.labelers import appraise
from bort.agora.summary import Observer, final_result, round_row
from bort.agora.torus import CLASS_NAMES, TorusSpec, TorusWorld, torus_options, torus_world
from bort.jobs.context import JobContext
from bort.storage import AgoraRoundRecord, Progress


def run(context: JobContext) -> dict[str, Any]:
    """Run Agora on the torus as `context.spec` says; answer as `bort agora run --json` does.

    The spec holds `study`, `task` and the fields of a `TorusSpec`; with `replay`, the `job` whose
    rounds are taken over and the `corrections` to them, as triples of round, position and label
    (None rejects). Resuming goes on after the stored rounds, with the results of an uninterrupted
    run.
    """
    spec = _torus_spec(context.spec)
    world = torus_world(spec)
    warnings = _warnings(context, world, spec)
    observer = Observer(
        audit=world.audit,
        represent=world.parts.represent,
        to_cover=world.task.dev.inputs,
        radius=spec.radius,
        dimension=2,
    )
    _take_over(context)
    stored = context.store.agora_rounds(context.job.id)
    rows = [dict(record.summary) for record in stored]
    done = [Round.from_dict(record.round) for record in stored]
    options = torus_options(spec)
    seconds = [row["seconds"] for row in rows]
    began = monotonic()
    for step in agora(world.task, world.parts, options, done=done):
        row = observer.summary(step) | {"seconds": monotonic() - began}
        context.store.add_agora_round(context.job.id, step.round.number, step.round.to_dict(), row)
        rows.append(row)
        seconds.append(row["seconds"])
        _report(context, row, rounds=options.rounds, seconds_per_round=fmean(seconds))
        if context.should_stop():
            break
        began = monotonic()
    return {
        "study": context.spec["study"],
        "task": context.spec["task"],
        "job": context.job.id,
        "rounds": rows,
        "final": final_result(rows),
        "warnings": warnings,
        "seconds": sum(seconds),
    }


def _take_over(context: JobContext) -> None:
    """Store the corrected rounds of the run that is to be replayed, once."""
    replay = context.spec.get("replay")
    if replay is None or context.store.agora_rounds(context.job.id):
        return
    source = context.store.agora_rounds(replay["job"])
    rounds = check_corrections(source, replay["corrections"])
    for r, record in zip(rounds, source, strict=False):
        summary = {**record.summary, **round_row(r)}
        context.store.add_agora_round(context.job.id, r.number, r.to_dict(), summary)


def check_corrections(
    stored: Sequence[AgoraRoundRecord], corrections: Sequence[Sequence[int | None]]
) -> tuple[Round, ...]:
    """The corrected rounds, up to the last that was corrected.

    Args:
        stored: the rounds of a run.
        corrections: triples of round, position and label; None rejects.
    Raises:
        InvalidDataError: a point or a label that there is not.
    """
    return corrected(
        [Round.from_dict(record.round) for record in stored],
        {(int(r or 0), int(k or 0)): label for r, k, label in corrections},
        class_count=len(CLASS_NAMES),
    )


def _warnings(context: JobContext, world: TorusWorld, spec: TorusSpec) -> list[str]:
    """What speaks against the labeler, told before the first round."""
    appraisal = appraise(world.parts.labeler, world.task.dev, np.random.default_rng(spec.seed))
    if appraisal.warning is None:
        return []
    context.log(appraisal.warning, level="warning")
    context.report(Progress(message=appraisal.warning))
    return [appraisal.warning]


def _torus_spec(values: Mapping[str, Any]) -> TorusSpec:
    known = {field.name for field in fields(TorusSpec)}
    return TorusSpec(**{key: value for key, value in values.items() if key in known})


def _report(
    context: JobContext, row: Mapping[str, Any], *, rounds: int, seconds_per_round: float
) -> None:
    number = row["round"]
    for name in ("dev_error", "audit_error", "coverage", "accepted"):
        context.metric(name, number, row[name])
    is_over = row["ending"] is not None
    left = 0 if is_over else rounds - number
    context.report(
        Progress(
            done=number + 1,
            total=number + 1 if is_over else rounds + 1,
            message=f"round {number}: dev error {row['dev_error']:.3f}, "
            f"audit error {row['audit_error']:.3f}",
            eta_s=left * seconds_per_round,
            extra={"stage": "Rounds", **row},
        )
    )


def point_rows(stored: Sequence[AgoraRoundRecord]) -> list[dict[str, Any]]:
    """Every generated point of stored rounds with its provenance, flat, ready for a table."""
    rounds = [Round.from_dict(record.round) for record in stored]
    return [
        {
            "round": row.round,
            "position": row.position,
            **asdict(row.point),
            "student_after": row.student_after,
            "is_withdrawn": row.is_withdrawn,
        }
        for row in provenance(rounds)
    ]
