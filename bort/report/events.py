"""The sentences about the events of jobs, for terminal, pages and logs.

Rarely needed modules are imported locally, because every command that starts a job loads this one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bort.core.baseline import OracleFacts
from bort.core.serialise import from_json
from bort.report.jobs import state_words
from bort.storage import EventCode, JobEvent
from bort.storage.jobs import read_ending
from bort.storage.records import iso

_WHAT = "an event of the job"
_Facts = Mapping[str, Any]


def event_sentence(event: JobEvent) -> str:
    """Say what happened.

    Examples:
        >>> event_sentence(JobEvent(0.0, "info", EventCode.ATTEMPT_BEGAN, {"attempt": 2}))
        'attempt 2 begins'
    """
    words = _EVENTS[event.code]
    return words.format(**event.facts) if isinstance(words, str) else words(event.facts)


def _ended(facts: _Facts) -> str:
    ending = facts.get("ending")
    return state_words(str(facts["state"]), read_ending(ending) if ending else None)


def _trained(facts: _Facts) -> str:
    error = facts["error"]
    verdict = "diverged" if error is None else f"error {error:.4f}"
    return (
        f"trained {facts['architecture']} seed {facts['seed']}: {verdict} "
        f"in {facts['seconds']:.1f} s"
    )


def _data_flaw(facts: _Facts) -> str:
    from bort.report.data import data_warning
    from bort.tasks import DataWarning

    return data_warning(from_json(DataWarning, facts, what=_WHAT))


def _doubt(facts: _Facts) -> str:
    from bort.agora.loop.labelers import Appraisal
    from bort.report.agora import doubt_sentence

    return doubt_sentence(from_json(Appraisal, facts, what=_WHAT))


def _audit(facts: _Facts) -> str:
    from bort.report.ledger import audit_statement
    from bort.search.audit import AuditFinding

    found = from_json(AuditFinding, facts, what=_WHAT)
    return f"audit {found.number}: {audit_statement(found)}"


def _plan(facts: _Facts) -> str:
    from bort.report.plan import plan_sentence
    from bort.studies.estimates import Planned, Work

    stages = [Planned(Work(name), seconds) for name, seconds in facts["stages"]]
    return plan_sentence(stages, facts["minutes"])


def _teacher(facts: _Facts) -> str:
    from bort.report.baselines import baselines_sentence, teacher_error, teacher_sentence

    found = from_json(OracleFacts, facts, what=_WHAT)
    is_told = found.coverage is not None  # by teacher_sentence
    parts = [] if is_told else [f"The teacher {found.teacher} has {teacher_error(found)}."]
    return " ".join(filter(None, [*parts, baselines_sentence(found), teacher_sentence(found)]))


def _noise(facts: _Facts) -> str:
    from bort.latency.noise import Noise
    from bort.report.latency import noise_sentence, warning_sentence

    noise = from_json(Noise, facts, what=_WHAT)
    said = [] if noise.ok else [noise_sentence(noise)]
    return " ".join([*said, *map(warning_sentence, noise.warnings)])


def _speed(facts: _Facts) -> str:
    from bort.latency.landmarks import Claim
    from bort.latency.workload import Workload
    from bort.report.latency import announced_sentence

    workload = from_json(Workload, facts, what=_WHAT)
    claim = from_json(Claim, facts, what=_WHAT)
    return announced_sentence(facts["runtime"], workload, facts["landmark"], claim)


_EVENTS: dict[EventCode, str | Callable[[_Facts], str]] = {
    EventCode.NOTE: "{text}",
    EventCode.WARNING: "{text}",
    EventCode.ATTEMPT_BEGAN: "attempt {attempt} begins",
    EventCode.PLANNED: _plan,
    EventCode.CANCEL_REQUESTED: "cancellation requested",
    EventCode.MEASURE_ANYWAY: "asked to measure on the busy machine",
    EventCode.ENDED: _ended,
    EventCode.TRAINED: _trained,
    EventCode.MINUTES_SPENT: "the {minutes:g} minutes for training candidates are used up",
    EventCode.SEARCH_ENDED: "the search ends: {ending}",
    EventCode.AUDIT_CONTINUED: "finishing audit {number}, which was interrupted",
    EventCode.NOTHING_TO_AUDIT: "no architecture is left to audit",
    EventCode.TRAINING_FINISHED: "{task}: {training} finished after {steps} steps, dev error "
    "{dev_error:.4f} with the weights of step {chosen_step}",
    EventCode.PROFILE_STORED: "stored as {profile}",
    EventCode.DATA_FLAW: _data_flaw,
    EventCode.LABELER_DOUBTED: _doubt,
    EventCode.MAP_WITHOUT_VECTORS: "The map will compare texts by their words: {message}",
    EventCode.TEACHER_READY: _teacher,
    EventCode.AUDIT_JUDGED: _audit,
    EventCode.MACHINE_NOISE: _noise,
    EventCode.WINNERS_NOT_MEASURED: "The winners were not measured: {message}",
    EventCode.SPEED_COMPARED: _speed,
    EventCode.LOGGER_FAILED: "{logger} failed and was turned off ({error}: {message})",
    EventCode.WORKER_REFUSED: "{message}",
    EventCode.FILES_NOT_PUSHED: "Other machines do not have this job's newest files: {message}",
}


def event_json(event: JobEvent) -> dict[str, Any]:
    """Convert an event for `--json`."""
    return {
        "at": iso(event.at),
        "level": event.level,
        "message": event_sentence(event),
        "code": event.code.value,
        "facts": dict(event.facts),
    }
