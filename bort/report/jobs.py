"""The sentences about a job's progress and ending, for terminal, pages and logs."""

from typing import Any

from bort.core.progress import Progress, Stage
from bort.core.serialise import to_json
from bort.report.baselines import SHORT_NAMES
from bort.report.numbers import duration
from bort.storage import Ending, EndingCode, JobRecord, JobState
from bort.storage.job_life import ending_row
from bort.storage.records import iso

_STAGES = {
    Stage.DONE: "Done",
    Stage.PLANNING: "Planning",
    Stage.WAITING_FOR_TRAINING: "Waiting for another training to end: {subject}",
    Stage.WAITING_FOR_MEASUREMENT: "Waiting for another measurement to end: {subject}",
    Stage.WAITING_FOR_QUIET: "Waiting to measure latency: other programs take {share:.0%} of the "
    "CPU, and more than {limit:.0%} spoils it",
    Stage.FETCHING: "Fetching {subject}",
    Stage.PREPARING_TASK: "Preparing {subject}",
    Stage.LOADING_TASK: "Loading the task",
    Stage.READING_TEXTS: "Reading the task's texts",
    Stage.READING_VECTORS: "Reading all texts with the source network, for distances",
    Stage.BUILDING: "Building the models",
    Stage.WARMING_UP: "Warming up",
    Stage.MEASURING: "Measuring latency",
    Stage.ARRANGING_VECTORS: "Arranging the teacher's sentence vectors by class",
    Stage.TRAINING_HEAD: "Training the teacher's head",
    Stage.TRAINING_TEACHER: "Fine-tuning the teacher",
    Stage.FITTING_BASELINES: "Fitting the baselines: {subject}",
    Stage.LABELLING: "Answering all texts with {subject}",
    Stage.TRAINING_CANDIDATES: "Training {subject}",
    Stage.READING_ROWS: "Reading rows of the table",
    Stage.CERTIFYING: "Computing what is certified",
    Stage.AUDITING: "Auditing {subject}",
    Stage.SAMPLING: "Sampling {subject}",
    Stage.AGORA_ROUND: "Training a round",
    Stage.COMPARING: "Comparing",
    Stage.DISTIL: "Distilling {subject}",
    Stage.FINETUNE: "Fine-tuning {subject}",
    Stage.AGORA: "Round {round} of Agora for {subject}",
    Stage.PLAIN: "Training {subject} without a teacher",
    Stage.COMPARING_BASELINES: "Comparing with the baselines",
    Stage.MAKING_RIVAL: "Making the rival {subject}",
    Stage.EXPORTING: "Exporting {subject}",
    Stage.CHECKING_EXPORT: "Comparing the exported model with the original",
    Stage.CLASSIFYING: "Classifying texts",
}
_WITHOUT_SUBJECT = {
    Stage.WAITING_FOR_TRAINING: "Waiting for another training to end",
    Stage.WAITING_FOR_MEASUREMENT: "Waiting for another measurement to end",
    Stage.TRAINING_CANDIDATES: "Training candidates",
}
METHOD_NAMES = {str(method): name for method, name in SHORT_NAMES.items()}
_ON_A_RUNTIME = (Stage.BUILDING, Stage.WARMING_UP, Stage.MEASURING)
_RESULTS = {
    "unknown_share": "{:.1%} of their words are unknown",
    "error": "error {:.3f}",
    "loss": "loss {:.3f}",
    "dev_error": "dev error {:.3f}",
    "audit_error": "audit error {:.3f}",
}


STATES = {
    JobState.QUEUED: "is about to start",
    JobState.RUNNING: "is running",
    JobState.DONE: "is done",
    JobState.FAILED: "has failed",
    JobState.CANCELLED: "was cancelled",
    JobState.LOST: "was lost",
}


def sentence(step: Progress) -> str:
    """Say what is being done, with the latest results; empty if nothing is known yet.

    Examples:
        >>> sentence(Progress(3, 20, Stage.TRAINING_CANDIDATES, "1-2-64-128"))
        'Training 1-2-64-128'
        >>> others = {"others": 3}
        >>> sentence(Progress(3, 20, Stage.TRAINING_CANDIDATES, "1-2-64-128", numbers=others))
        'Training 1-2-64-128 and 3 more'
        >>> stages = {"seed": 1, "others": 2}
        >>> sentence(Progress(3, 20, Stage.FINETUNE, "1-2-64-128", numbers=stages))
        'Fine-tuning 1-2-64-128, seed 1, and 2 more'
        >>> numbers = {"dev_error": 0.25, "audit_error": 0.31, "round": 2}
        >>> sentence(Progress(3, 8, Stage.AGORA_ROUND, numbers=numbers))
        'Round 2: dev error 0.250, audit error 0.310'
        >>> sentence(Progress(5, 80, Stage.TRAINING_TEACHER).within(Progress(1, 9)))
        'Fine-tuning the teacher, 5 of 80'
    """
    if step.stage is Stage.STARTING:
        return ""
    results = [
        words.format(value)
        for name, words in _RESULTS.items()
        if (value := step.numbers.get(name)) is not None
    ]
    return f"{_doing(step)}: {', '.join(results)}" if results else _doing(step) + _part(step)


def _doing(step: Progress) -> str:
    numbers = step.numbers
    if step.subject is None and step.stage in _WITHOUT_SUBJECT:
        return _WITHOUT_SUBJECT[step.stage] + _waited(step)
    if step.stage is Stage.AGORA_ROUND and "round" in numbers:
        return f"Round {numbers['round']}"
    if step.stage is Stage.TRAINING_CANDIDATES and "error" in numbers:
        return f"{step.subject}"
    subject = METHOD_NAMES.get(step.subject or "", step.subject)
    words = _STAGES[step.stage].format(subject=subject, **numbers)
    if step.stage in _ON_A_RUNTIME and step.subject is not None:
        words += f" on {step.subject}"
    if (seed := numbers.get("seed")) is not None:
        words += f", seed {seed}"
    if others := numbers.get("others"):
        words += f"{'' if seed is None else ','} and {others} more"
    return words + _waited(step)


def _waited(step: Progress) -> str:
    """Say how long it has been waiting, if it is."""
    seconds = step.numbers.get("waited_s")
    return "" if seconds is None else f"; waiting for {duration(seconds)}"


def _part(step: Progress) -> str:
    """Say how far the current part is, unless the main count says so."""
    done, total = step.numbers.get("part_done"), step.numbers.get("part_total")
    if total is None and step.stage in _ON_A_RUNTIME:
        done, total = step.done, step.total
    if total is None:
        return ""
    return f", {'round ' if step.stage is Stage.MEASURING else ''}{done} of {total}"


def worker_lines(step: Progress, now: float) -> list[str]:
    """Say what each worker of a job does, one line each.

    Args:
        now: in seconds since 1970.

    Examples:
        >>> from bort.core.progress import WorkerState
        >>> states = (WorkerState("a:7", "1-2-64-128", 0, 100.0), WorkerState("b:8"))
        >>> worker_lines(Progress(workers=states), now=112.0)
        ['a:7: training 1-2-64-128, seed 0, for 12 s', 'b:8: waiting']
    """
    return [
        f"{one.name}: waiting"
        if one.trains is None or one.since is None
        else f"{one.name}: training {one.trains}, "
        f"{'' if one.seed is None else f'seed {one.seed}, '}for "
        f"{duration(max(0.0, now - one.since))}"
        for one in step.workers
    ]


_SIGNALS = {
    "SIGHUP": "its terminal was closed",
    "SIGPIPE": "nobody read its lines any more",
}


def ending_reason(ending: Ending) -> str:
    """Say why an attempt ended early, as a clause that can follow a colon.

    Examples:
        >>> ending_reason(Ending(EndingCode.PROCESS_GONE, pid=42))
        'its process 42 is gone (killed, or the machine was restarted)'
    """
    code, message = ending.code, ending.message
    where = "" if ending.host is None else f"on {ending.host} "
    words = {
        EndingCode.CANCELLED: "cancelled",
        EndingCode.CANCELLED_BEFORE_START: "cancelled before it started",
        EndingCode.INTERRUPTED: "interrupted",
        EndingCode.SIGNALLED: _SIGNALS.get(ending.signal or "", f"stopped by {ending.signal}"),
        EndingCode.KILLED: "killed because it did not stop when asked",
        EndingCode.OVERTAKEN: "another attempt took over",
        EndingCode.PROCESS_GONE: f"its process {ending.pid} is gone (killed, or the machine was "
        "restarted)",
        EndingCode.SILENT: f"its process {where}has sent no sign of life for "
        f"{ending.silent_s or 0:.0f} s",
        EndingCode.NOT_STARTED: f"its process could not be started ({message})",
        EndingCode.OUT_OF_MEMORY: "out of memory; use smaller batches or models, or free some "
        "memory",
        EndingCode.DISK_FULL: message or "the disk is full",
        EndingCode.FAILED: message or f"{ending.error} without a message",
        EndingCode.CRASHED: f"{ending.error}: {message or 'no message'}",
        EndingCode.UNKNOWN: message or "reason unknown",
    }
    return words[code]


def state_words(state: str, ending: Ending | None) -> str:
    """Say a job's state, and why it ended early if the state alone does not say so.

    Examples:
        >>> state_words("cancelled", Ending(EndingCode.CANCELLED))
        'cancelled'
        >>> state_words("cancelled", Ending(EndingCode.INTERRUPTED))
        'cancelled: interrupted'
    """
    if ending is None or ending.code is EndingCode.CANCELLED:
        return state
    return f"{state}: {ending_reason(ending)}"


MAY_END_EARLY = ("search", "agora", "agora-comparison")  # kinds whose time is a bound


def job_line(job: JobRecord) -> str:
    """Say in one line which job it is, how far it is, the time left, and what it does.

    A line that is cut on a page loses its end. A job that has ended is said to be done, failed,
    cancelled or lost.
    """
    name = f"{job.study or job.kind}: "
    if not job.state.is_active:
        return f"{name}job {job.id} {STATES[job.state]}"
    progress = job.progress
    far = [f"{progress.share:.0%}"] if progress.total else []
    if progress.eta_s is not None:
        far.append(time_left(job))
    return name + "; ".join(filter(None, [", ".join(far), sentence(progress) or "starting"]))


def time_left(job: JobRecord) -> str:
    """Say how long a job still takes; empty if that is unknown."""
    if job.progress.eta_s is None:
        return ""
    bound = "at most" if job.kind in MAY_END_EARLY else "about"
    return f"{bound} {duration(job.progress.eta_s)} left"


def ending_sentence(job: JobRecord) -> str:
    """Say why a job ended early and what to do about it; empty if it did not."""
    if not job.state.can_resume:
        return ""
    resume = f"bort jobs resume {job.id}"
    code = EndingCode.UNKNOWN if job.ending is None else job.ending.code
    remedies = {
        EndingCode.DISK_FULL: f"The disk is full. Free some space and run `{resume}`.",
        EndingCode.OUT_OF_MEMORY: "The machine ran out of memory. Use smaller batches or "
        f"models, or free some memory, then run `{resume}`.",
        EndingCode.CANCELLED: "It was cancelled.",
        EndingCode.CANCELLED_BEFORE_START: "It was cancelled before it started.",
        EndingCode.INTERRUPTED: "It was interrupted.",
    }
    if code in remedies:
        return remedies[code]
    reason = "reason unknown" if job.ending is None else ending_reason(job.ending)
    return f"It ended early: {reason.rstrip('.')}."


def job_json(job: JobRecord) -> dict[str, Any]:
    """Convert a job for `--json`: times as UTC ISO 8601, codes with their sentences."""
    step = job.progress
    return {
        "id": job.id,
        "kind": job.kind,
        "study": job.study,
        "state": job.state.value,
        "attempt": job.attempt,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "heartbeat_at": iso(job.heartbeat_at),
        "seconds": round(job.seconds, 3),
        "progress": {
            "done": step.done,
            "total": step.total,
            "message": sentence(step),
            "eta_s": step.eta_s,
            "stage": step.stage.value,
            "subject": step.subject,
            "numbers": dict(step.numbers),
            "extra": {"stage": step.stage.value, **step.numbers},
            "workers": to_json(step.workers),
        },
        "reason": None if job.ending is None else ending_reason(job.ending),
        "ending": ending_row(job.ending),
        "cancel_requested": job.cancel_requested,
        "can_resume": job.state.can_resume,
        "is_detached": job.is_detached,
        "is_example": job.is_example,
        "host": job.process.host if job.process else None,
        "pid": job.process.pid if job.process else None,
        "folder": str(job.folder),
        "spec": dict(job.spec),
        "result": None if job.result is None else dict(job.result),
    }
