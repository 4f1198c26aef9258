"""The values that go into the store and come out of it. Frozen; never rows of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from bort.core import paths
from bort.core.baseline import OracleFacts
from bort.core.evaluation import Evaluation
from bort.core.progress import Progress
from bort.core.study import StudySpec


class JobState(StrEnum):
    """The states of a job.

    `LOST`: its process ended without recording why (killed, power cut); resumable.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_active(self) -> bool:
        """Whether the job is queued or running, so that it can be cancelled."""
        return self in (JobState.QUEUED, JobState.RUNNING)

    @property
    def is_final(self) -> bool:
        """Whether the job has ended, so that watching can stop."""
        return not self.is_active

    @property
    def can_resume(self) -> bool:
        """Whether the job ended before its work was done."""
        return self in (JobState.FAILED, JobState.CANCELLED, JobState.LOST)


class EndingCode(StrEnum):
    """The reasons why an attempt ends early. They are stored, so a value keeps its meaning."""

    CANCELLED = "cancelled"
    CANCELLED_BEFORE_START = "cancelled before start"
    INTERRUPTED = "interrupted"
    SIGNALLED = "signalled"
    KILLED = "killed"
    OVERTAKEN = "overtaken"
    PROCESS_GONE = "process gone"
    SILENT = "silent"
    NOT_STARTED = "not started"
    OUT_OF_MEMORY = "out of memory"
    DISK_FULL = "disk full"
    FAILED = "failed"  # with one of our errors, whose message says what to do
    CRASHED = "crashed"  # with any other error
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why an attempt ended early, in codes and numbers; `bort.report.jobs` has the words.

    Attributes:
        pid: the process that is gone.
        host: the machine of a process that is silent.
        signal: name of the signal that stopped it.
        silent_s: seconds since its last sign of life.
        error: class name of the error it failed with.
        message: that error's own message.
    """

    code: EndingCode
    pid: int | None = None
    host: str | None = None
    signal: str | None = None
    silent_s: float | None = None
    error: str | None = None
    message: str | None = None


class EventCode(StrEnum):
    """The events of jobs. They are stored, so a value keeps its meaning.

    `NOTE` and `WARNING` come from an older bort, which stored a sentence, the `text`.
    """

    NOTE = "note"
    WARNING = "warning"
    ATTEMPT_BEGAN = "attempt began"
    PLANNED = "planned"
    CANCEL_REQUESTED = "cancel requested"
    MEASURE_ANYWAY = "measure anyway"
    ENDED = "ended"
    TRAINED = "trained"
    MINUTES_SPENT = "minutes spent"
    SEARCH_ENDED = "search ended"
    AUDIT_CONTINUED = "audit continued"
    NOTHING_TO_AUDIT = "nothing to audit"
    TRAINING_FINISHED = "training finished"
    PROFILE_STORED = "profile stored"
    DATA_FLAW = "data flaw"
    LABELER_DOUBTED = "labeler doubted"
    MAP_WITHOUT_VECTORS = "map without vectors"
    TEACHER_READY = "teacher ready"
    AUDIT_JUDGED = "audit judged"
    MACHINE_NOISE = "machine noise"
    WINNERS_NOT_MEASURED = "winners not measured"
    SPEED_COMPARED = "speed compared"
    LOGGER_FAILED = "logger failed"
    WORKER_REFUSED = "worker refused"
    FILES_NOT_PUSHED = "files not pushed"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """The process of a job. A pid can be reused, but not together with start and boot.

    Attributes:
        host: name of the machine; a pid of another machine means nothing here.
        started: when the process started, seconds since the epoch.
        boot_id: identifies the machine's last start.
    """

    host: str
    pid: int
    started: float
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job at the time it was read. Times are seconds since the epoch, UTC.

    Attributes:
        attempt: 1, and one more for each resume.
        started_at: when the current attempt began.
        seconds: running time of all attempts together.
        ending: why it failed, was cancelled or lost.
        result: the runner's result once done; a partial one when cancelled.
        process: the process that works on it, or the last one that did.
        is_detached: runs in its own session, so its whole process group is its own.
        folder_name: name of its folder inside `bort.core.paths.runs()`.
        is_example: recorded elsewhere and shipped with us.
    """

    id: int
    kind: str
    spec: Mapping[str, Any]
    study: str | None
    state: JobState
    attempt: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    heartbeat_at: float | None
    seconds: float
    progress: Progress
    ending: Ending | None
    result: Mapping[str, Any] | None
    cancel_requested: bool
    process: ProcessIdentity | None
    is_detached: bool
    folder_name: str
    is_example: bool = False

    @property
    def folder(self) -> Path:
        """The folder of its log, checkpoints and certificates."""
        return paths.runs() / self.folder_name

    @property
    def log(self) -> Path:
        """Its log file: one line per event, and whatever its process printed."""
        return self.folder / "log.txt"


class Heartbeat(NamedTuple):
    """The answer to a job's heartbeat.

    `is_ours` is False once another attempt took the job over: stop, and write nothing more.
    """

    is_ours: bool
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event of a job; `facts` belong to the `code`.

    `level` is info, warning or error.
    """

    at: float
    level: str
    code: EventCode
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecord:
    """A study at the time it was read.

    Attributes:
        profile: name of the latency profile that its answers use; None before measuring.
        is_example: recorded elsewhere and shipped with us; it cannot be continued.
        evaluation_count: trainings stored so far.
        facts: what its errors depend on and are compared with; None before the first training,
            and for studies of an older bort.
    """

    id: int
    name: str
    spec: StudySpec
    created_at: float
    profile: str | None
    is_example: bool
    evaluation_count: int
    facts: OracleFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """One stored training: its architecture, result and time."""

    architecture_id: str
    architecture: Mapping[str, int]
    evaluation: Evaluation
    created_at: float


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """The values that must match for a search to reuse a latency profile.

    `threads` is the real number, never None for "all". `texts` is a digest of the texts that were
    read, if the time is that from text to label, else empty.
    """

    fingerprint_digest: str
    runtime: str
    batch_size: int
    sequence_length: int
    threads: int
    space_digest: str
    texts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord:
    """A stored latency profile: `profile` is `bort.latency.LatencyProfile.to_dict()`."""

    name: str
    profile: Mapping[str, Any]
    created_at: float
    key: ProfileKey | None


def iso(at: float | None) -> str | None:
    """Seconds since the epoch as UTC ISO 8601; None stays None.

    Examples:
        >>> iso(0.0)
        '1970-01-01T00:00:00.000Z'
    """
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
