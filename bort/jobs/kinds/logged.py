"""Open the loggers of a job; one that fails is a warning of the job."""

from collections.abc import Mapping, Sequence
from typing import Any

from bort.jobs.runtime.context import JobContext
from bort.storage import EventCode
from bort.studies.loggers import Loggers


def open_loggers(
    context: JobContext, names: Sequence[str], study: str, settings: Mapping[str, Any]
) -> Loggers:
    """Open these loggers for a run that is called after the study and the job."""
    return Loggers(
        names,
        context.folder,
        f"{study} job {context.job.id}",
        settings,
        lambda logger, error: context.warn(
            EventCode.LOGGER_FAILED,
            logger=logger,
            error=type(error).__name__,
            message=next(iter(str(error).splitlines()), ""),
        ),
    )
