"""Agora as a job: every round is stored at once, with all its points."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from time import monotonic
from typing import Any

from bort.agora.loop import Round, Step, agora, corrected, provenance
from bort.agora.loop.summary import final_result, round_row
from bort.agora.loop.values import Value
from bort.core.progress import Progress, Stage
from bort.jobs.kinds.agora_runs import AgoraRun, agora_run
from bort.jobs.kinds.agora_vectors import keep_vectors
from bort.jobs.runtime.context import JobContext
from bort.storage import AgoraRoundRecord


def run(context: JobContext) -> dict[str, Any]:
    """Run Agora as `context.spec` says; answer as `bort agora run --json` does.

    The spec holds `study`, `task` and the fields of a `TorusSpec` or a `TextSpec`; with `replay`,
    the `job` whose rounds are taken over and the `corrections` to them, as triples of round,
    position and label (None rejects). Resuming goes on after the stored rounds, with the results
    of an uninterrupted run.
    """
    _take_over(context)
    what = agora_run(context)
    for warning in what.warnings:
        context.warn(warning)
    rows = _go_round(context, what)
    return {
        "study": context.spec["study"],
        "task": context.spec["task"],
        "job": context.job.id,
        "rounds": rows,
        "final": final_result(rows),
        "warnings": list(what.warnings),
        "seconds": sum(row["seconds"] for row in rows),
        "described": dict(what.described),
    }


def _go_round(context: JobContext, what: AgoraRun) -> list[dict[str, Any]]:
    """Every round's row of the answer; those of rounds that are not stored yet are stored."""
    stored = context.store.agora_rounds(context.job.id)
    done = [Round.from_dict(record.round) for record in stored]
    with what.turn():
        what.recall(done)
        keep_vectors(context, what.locate, what.task.dev.inputs, done)
    rows = [dict(record.summary) for record in stored]
    began = monotonic()
    before = sum(row["seconds"] for row in rows)

    def is_out_of_time() -> bool:
        spent = before + monotonic() - began
        return what.minutes is not None and spent >= 60 * what.minutes

    steps = agora(what.task, what.parts, what.options, done=done, is_out_of_time=is_out_of_time)
    for row in _timed(steps, what, context):
        record = row.pop("record")
        context.store.add_agora_round(context.job.id, row["round"], record, row)
        rows.append(row)
        _report(context, rows, rounds=what.options.rounds)
        if context.should_stop():
            break
    return rows


def _timed(steps: Iterator[Step], what: AgoraRun, context: JobContext) -> Iterator[dict[str, Any]]:
    """The row of each round, with how long it took and the round itself as its `record`."""
    while True:
        began = monotonic()
        with what.turn():
            step = next(steps, None)
            if step is None:
                return
            row = what.observer.summary(step)
            sets = [dict(what.options.settings[number]) for number in step.round.surviving]
            row["surviving_hyperparameters"] = sets
            # Before the round is stored: whoever reads a round finds its vectors.
            keep_vectors(context, what.locate, what.task.dev.inputs, [step.round])
        yield row | {"seconds": monotonic() - began, "record": step.round.to_dict()}


def _take_over(context: JobContext) -> None:
    """Store the corrected rounds of the run that is to be replayed, once."""
    replay = context.spec.get("replay")
    if replay is None or context.store.agora_rounds(context.job.id):
        return
    source = context.store.agora_rounds(replay["job"])
    rounds = check_corrections(source, replay["corrections"])
    for r, record in zip(rounds, source, strict=False):
        kept = ("surviving_hyperparameters",)
        summary = {**record.summary, **round_row(r), **{k: record.summary[k] for k in kept}}
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
        class_count=_class_count(stored),
    )


def _class_count(stored: Sequence[AgoraRoundRecord]) -> int:
    """Of the task, as the labelled points tell it; 0 where none was labelled."""
    points = (point for record in stored for point in record.round["points"])
    return max((len(point["probabilities"]) for point in points), default=0)


def _report(context: JobContext, rows: Sequence[Mapping[str, Any]], *, rounds: int) -> None:
    row = rows[-1]
    number = row["round"]
    for name in ("dev_error", "audit_error", "coverage", "accepted"):
        context.metric(name, number, row[name])
    is_over = row["ending"] is not None
    left = 0 if is_over else rounds - number
    context.report(
        Progress(
            done=number + 1,
            total=number + 1 if is_over else rounds + 1,
            stage=Stage.AGORA_ROUND,
            eta_s=left * fmean(row["seconds"] for row in rows),
            numbers={k: v for k, v in row.items() if v is None or isinstance(v, int | float)},
        )
    )


def point_rows(
    stored: Sequence[AgoraRoundRecord], parents: Sequence[Value] | None = None
) -> list[dict[str, Any]]:
    """Every generated point of stored rounds with its provenance, flat, ready for a table.

    Args:
        parents: the dev items, as `parents_of` gives them; None leaves `parent_value` out.
    """
    rounds = [Round.from_dict(record.round) for record in stored]
    return [
        {
            "round": row.round,
            "position": row.position,
            **asdict(row.point),
            **({} if parents is None else {"parent_value": parents[row.point.parent]}),
            "student_after": row.student_after,
            "is_withdrawn": row.is_withdrawn,
        }
        for row in provenance(rounds)
    ]
