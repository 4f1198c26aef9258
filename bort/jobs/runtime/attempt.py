"""Run one attempt at a job, from claiming it to its end, in the foreground or background."""

import contextlib
import errno
import json
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from bort.core.errors import BortError, BusyError, DiskFullError, StoreError
from bort.core.locks import working_for
from bort.core.progress import OnStep
from bort.jobs.runtime.context import JobContext, OnEvent
from bort.jobs.runtime.lifeline import Lifeline
from bort.jobs.runtime.mirror import Mirror
from bort.jobs.runtime.process import this_process
from bort.jobs.runtime.runners import MEASUREMENTS, load_runner
from bort.report.jobs import ending_reason
from bort.storage import (
    Ending,
    EndingCode,
    EventCode,
    JobRecord,
    JobState,
    Store,
    append_log,
    fetch_folder,
)
from bort.storage.job_life import ending_row
from bort.storage.runs import reserve_last_words, write_last_words
from bort.storage.schema import storable

# torch has a class for accelerators that run out of memory, but none for the CPU (asked of 2.13):
# its allocator raises a plain RuntimeError without attributes. The system's error number in the
# message is the one thing in it that is not prose.
_TORCH_ALLOCATOR_FAILED = rf"\bError code {errno.ENOMEM}\b"
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class JobCancelledError(BortError):
    """The job was cancelled or interrupted; finished work is kept."""

    exit_code = 130

    def __init__(self, message: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result
        """What it has finished, as JSON values; None if it was interrupted."""


class JobFailedError(BortError):
    """The job failed with an unexpected error; its log has the details."""

    exit_code = 1


def run_attempt(
    store: Store,
    waiting: JobRecord,
    runner_path: str,
    *,
    on_step: OnStep | None = None,
    on_event: OnEvent | None = None,
) -> dict[str, Any]:
    """Claim a queued job, run it in this process, and record how it ended.

    Args:
        waiting: the job, QUEUED.
        runner_path: `module:function`, see `bort.jobs.runtime.runners`.
        on_step: called with each step, in this thread.
        on_event: called with each event, in this thread.
    Returns:
        The runner's result, as JSON values.
    Raises:
        BusyError: the job is no longer queued.
        JobCancelledError: the job was cancelled, interrupted (Ctrl-C, SIGTERM) or overtaken.
        BortError: the runner's own error, raised again after the job was marked failed.
        JobFailedError: any other error; only the log has the traceback.
    """
    job = store.claim_job(waiting.id, waiting.attempt, this_process())
    if job is None:
        raise BusyError(
            f"job {waiting.id} is no longer queued: another process has it, or it was cancelled "
            f"(bort jobs show {waiting.id})"
        )
    lifeline = Lifeline(store, job)
    context, mirror = JobContext(store, job, lifeline, on_step, on_event), Mirror(job, lifeline)
    with store.database.patient():
        try:
            with mirror:
                return _run(context, lifeline, runner_path)
        finally:
            mirror.push()
            if mirror.error is not None:
                context.warn(EventCode.FILES_NOT_PUSHED, message=str(mirror.error))


def _run(context: JobContext, lifeline: Lifeline, runner_path: str) -> dict[str, Any]:
    """Run a claimed job and record how it ended; see `run_attempt`."""
    try:
        is_soft = context.job.kind in MEASUREMENTS
        with lifeline, working_for(_purpose(context.job)), _graceful_stop(lifeline, is_soft):
            fetch_folder(context.job)
            with contextlib.suppress(StoreError):  # a full disk fails where the job first writes
                reserve_last_words(context.job)
            context.log(EventCode.ATTEMPT_BEGAN, attempt=context.job.attempt)
            result = storable(load_runner(runner_path)(context))
    except KeyboardInterrupt:
        raise _cancelled(context, lifeline, None) from None
    except BrokenPipeError:  # whoever read this command's lines has gone (`| head`)
        lifeline.request_stop(Ending(EndingCode.SIGNALLED, signal=signal.SIGPIPE.name))
        raise _cancelled(context, lifeline, None) from None
    except (Exception, SystemExit) as error:
        if lifeline.stop is not None:  # a closed terminal, for example, fails in many ways
            raise _cancelled(context, lifeline, None) from error
        raise _failed(context, lifeline, error) from error
    if context.saw_stop:
        raise _cancelled(context, lifeline, result)
    _finish(context, lifeline, JobState.DONE, result=result)
    return dict(result)


def _purpose(job: JobRecord) -> str:
    """Name a job for others who wait for it."""
    return f"job {job.id}, {job.study or job.kind}"


def _cancelled(
    context: JobContext, lifeline: Lifeline, result: Mapping[str, Any] | None
) -> JobCancelledError:
    job_id = context.job.id
    ending = lifeline.stop or Ending(EndingCode.INTERRUPTED)
    _finish_anyhow(context, lifeline, JobState.CANCELLED, ending, result)
    reason = ending_reason(ending)
    if ending.code is EndingCode.OVERTAKEN:
        return JobCancelledError(f"job {job_id} continues elsewhere: {reason}")
    return JobCancelledError(
        f"job {job_id} was stopped ({reason}); finished work is kept; continue with: bort jobs "
        f"resume {job_id}",
        result,
    )


def _failed(context: JobContext, lifeline: Lifeline, error: BaseException) -> BortError:
    job_id = context.job.id
    ending = _ending_of(error)
    with contextlib.suppress(StoreError):
        if not isinstance(error, BortError):
            append_log(context.job, "".join(traceback.format_exception(error)))
    _finish_anyhow(context, lifeline, JobState.FAILED, ending)
    if isinstance(error, BortError):
        return error
    reason = ending_reason(ending)
    return JobFailedError(f"job {job_id} failed: {reason}; details: bort jobs logs {job_id}")


def _ending_of(error: BaseException) -> Ending:
    message = " ".join(str(error).split())
    code = EndingCode.FAILED if isinstance(error, BortError) else EndingCode.CRASHED
    if isinstance(error, DiskFullError):
        code = EndingCode.DISK_FULL
    elif _is_out_of_memory(error):
        code = EndingCode.OUT_OF_MEMORY
    return Ending(code, error=type(error).__name__, message=message or None)


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of Python or torch means that memory is exhausted."""
    torch = sys.modules.get("torch")  # if it is not loaded, it raised nothing
    if torch is None or isinstance(error, MemoryError):
        return isinstance(error, MemoryError)
    return isinstance(error, torch.OutOfMemoryError) or (
        type(error) is RuntimeError and bool(re.search(_TORCH_ALLOCATOR_FAILED, str(error)))
    )


def _finish_anyhow(
    context: JobContext,
    lifeline: Lifeline,
    state: JobState,
    ending: Ending,
    result: Mapping[str, Any] | None = None,
) -> None:
    """Record how the attempt ended; where the store cannot be written, in the job's folder."""
    try:
        _finish(context, lifeline, state, ending=ending, result=result)
    except StoreError as error:
        if isinstance(error, DiskFullError):
            ending = Ending(EndingCode.DISK_FULL, error=type(error).__name__, message=str(error))
        with contextlib.suppress(StoreError):
            write_last_words(context.job, json.dumps(ending_row(ending)))


def _finish(
    context: JobContext,
    lifeline: Lifeline,
    state: JobState,
    *,
    ending: Ending | None = None,
    result: Mapping[str, Any] | None = None,
) -> None:
    job = context.job
    is_ours = context.store.finish_job(
        job.id, job.attempt, state, ending=ending, result=result, progress=lifeline.latest
    )
    if is_ours:
        level = "error" if state is JobState.FAILED else "info"
        stored = ending_row(ending)
        context.log(EventCode.ENDED, level=level, state=state.value, ending=stored)


@contextlib.contextmanager
def _graceful_stop(lifeline: Lifeline, is_soft: bool) -> Iterator[None]:
    """Stop the job on SIGTERM or a closed terminal; a second signal interrupts it.

    Args:
        is_soft: Ctrl-C stops it in the same way.
    """

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if lifeline.stop is not None:
            raise KeyboardInterrupt
        name = signal.Signals(number).name
        is_interrupt = number == signal.SIGINT
        ending = Ending(EndingCode.SIGNALLED, signal=name)
        lifeline.request_stop(Ending(EndingCode.INTERRUPTED) if is_interrupt else ending)

    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return
    before = {
        number: signal.signal(number, stop)
        for number in (*_STOP_SIGNALS, *([signal.SIGINT] if is_soft else []))
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
