"""Jobs: long work that outlives a browser tab, as a row in the store and a process.

The only code that starts processes. Any number of readers may watch a job; closing them, or
restarting the dashboard, never touches it.
"""

from bort.jobs.runtime.attempt import JobCancelledError, JobFailedError
from bort.jobs.runtime.context import JobContext
from bort.jobs.runtime.control import (
    cancel,
    delete,
    deletion,
    measure_anyway,
    resume,
    run_here,
    start_detached,
)
from bort.jobs.runtime.runners import RUNNERS, Runner
from bort.jobs.runtime.watch import find_job, follow_log, list_jobs
from bort.storage import JobEvent, JobRecord, JobState

__all__ = [
    "RUNNERS",
    "JobCancelledError",
    "JobContext",
    "JobEvent",
    "JobFailedError",
    "JobRecord",
    "JobState",
    "Runner",
    "cancel",
    "delete",
    "deletion",
    "find_job",
    "follow_log",
    "list_jobs",
    "measure_anyway",
    "resume",
    "run_here",
    "start_detached",
]
