"""Progress, endings and events of jobs become codes with numbers instead of sentences.

The sentences that an older bort stored are read here, once, and nowhere else.
"""

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# What an older bort wrote -> the code; named groups become its numbers.
_ENDINGS = (
    (r"cancelled", "cancelled"),
    (r"cancelled before it began", "cancelled before start"),
    (r"interrupted", "interrupted"),
    (r"stopped by (?P<signal>\w+)", "signalled"),
    (r"killed: it did not stop by itself", "killed"),
    (r"another attempt took it over", "overtaken"),
    (r"its process (?P<pid>\d+) is gone .*", "process gone"),
    (r"its process (on (?P<host>.*) )?has not been heard of for (?P<silent_s>\d+) s", "silent"),
    (r"its process cannot be started \((?P<message>.*)\)", "not started"),
    (r"out of memory; .*", "out of memory"),
    (r"(?P<error>\w+(Error|Exception|Exit|Interrupt)): (?P<message>.*)", "crashed"),
)
_STAGES = {
    "Loading the task": "loading task",
    "Measuring latency": "measuring",
    "Training candidates": "training candidates",
    "Auditing the answer": "auditing",
    "Waiting for another training to end": "waiting for training",
    "Rounds": "agora round",
    "Comparing": "comparing",
    "Comparing with the baselines": "comparing baselines",
    "Building the models": "building",
    "Warming up": "warming up",
    "Measuring, round": "measuring",
    "Done": "done",
    "distil": "distil",
    "finetune": "finetune",
    "plain": "plain",
}


def upgrade() -> None:
    """Rename columns in place: SQLite cannot drop one in all versions that Python comes with."""
    connection = op.get_bind()
    op.execute("ALTER TABLE jobs RENAME COLUMN reason TO ending")
    op.execute("ALTER TABLE job_events RENAME COLUMN message TO facts")
    op.add_column("job_events", sa.Column("code", sa.Text, nullable=False, server_default="note"))
    jobs = sa.table("jobs", *map(sa.column, ("id", "state", "ending", "progress")))
    for row in connection.execute(sa.select(jobs)).all():
        values = {
            "ending": _text(ending(row.ending, row.state)),
            "progress": _text(_progress(json.loads(row.progress))),
        }
        connection.execute(jobs.update().where(jobs.c.id == row.id).values(values))
    events = sa.table("job_events", *map(sa.column, ("id", "level", "code", "facts")))
    for row in connection.execute(sa.select(events)).all():
        code, facts = event(row.facts, row.level)
        values = {"code": code, "facts": _text(facts)}
        connection.execute(events.update().where(events.c.id == row.id).values(values))
    # An older bort reads this number and refuses.
    op.execute("DELETE FROM bort_schema")
    op.execute("INSERT INTO bort_schema (version) VALUES (4)")


def ending(reason: str | None, state: str) -> dict[str, Any] | None:
    """A reason as a code with its numbers."""
    if reason is None:
        return None
    for pattern, code in _ENDINGS:
        found = re.fullmatch(pattern, reason)
        if found:
            return {"code": code, **{k: _number(v) for k, v in found.groupdict().items() if v}}
    code = "failed" if state == "failed" else "unknown"
    return {"code": code, "message": reason}


def event(message: str, level: str) -> tuple[str, dict[str, Any]]:
    """An event's code and facts."""
    if begun := re.fullmatch(r"attempt (\d+) begins", message):
        return "attempt began", {"attempt": int(begun[1])}
    if message == "cancellation requested":
        return "cancel requested", {}
    if ended := re.fullmatch(r"(done|failed|cancelled|lost)(?:: (.*))?", message):
        return "ended", {"state": ended[1], "ending": ending(ended[2], ended[1])}
    return ("warning" if level == "warning" else "note"), {"text": message}


def _progress(old: dict[str, Any]) -> dict[str, Any]:
    extra = dict(old.get("extra") or {})
    stage = extra.pop("stage", None)
    if agora := re.fullmatch(r"agora(\d+)", str(stage)):
        extra["round"] = int(agora[1])
    return {
        "done": old["done"],
        "total": old["total"],
        "stage": "agora" if agora else _STAGES.get(str(stage), "starting"),
        "subject": extra.get("architecture"),
        "eta_s": old["eta_s"],
        "numbers": {
            name: value
            for name, value in extra.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    }


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
