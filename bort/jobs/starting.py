"""Before a search's job: the study that it works on."""

from dataclasses import replace

from bort.core.errors import BusyError
from bort.core.study import StudySpec
from bort.jobs.runtime.watch import list_jobs
from bort.storage import Store


def create_study(store: Store, spec: StudySpec, *, is_named: bool) -> StudySpec:
    """Store the study of a new search, or find the same one again.

    Args:
        store: keeps it.
        spec: what to search.
        is_named: a person chose the name. Otherwise a name that is taken gets a number.

    Returns:
        The spec under the name it is stored by.

    Raises:
        BusyError: a job is searching the study already.
        StudyConflictError: the name is taken by a study of other options.
    """
    if not is_named:
        return replace(spec, name=store.create_numbered_study(spec).name)
    active = [job for job in list_jobs(store, study=spec.name) if job.state.is_active]
    if active:
        raise BusyError(
            f"job {active[0].id} is already searching the study {spec.name!r}; watch it with "
            f"`bort jobs logs {active[0].id} --follow`, or choose another name"
        )
    return store.create_study(spec).spec
