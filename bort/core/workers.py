"""Who trains for a job: processes on this machine, or the nodes of a Ray cluster."""

import re
from dataclasses import dataclass

from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Matching

RAY = re.compile(r"ray(:(?P<address>[A-Za-z0-9._-]+:\d{1,5}))?")
THIS_CLUSTER = "auto"  # the cluster that this machine is a node of


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersSpec(Description):
    """Who trains for a job. It is no part of the study: no answer depends on it."""

    workers: str | None = ask(
        None,
        Matching(RAY, "ray[:ADDRESS]", "ray, or ray:HOST:PORT"),
        "Workers",
        "Let the nodes of a Ray cluster train: the one that this machine is a node of, or the one "
        "at HOST:PORT.",
        empty="processes on this machine",
        example="ray:10.0.0.5:6379",
        advanced=True,
    )

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def address(self) -> str | None:
        """The address of the Ray cluster; None if this machine trains."""
        found = RAY.fullmatch(self.workers or "")
        return (found["address"] or THIS_CLUSTER) if found else None


HERE = WorkersSpec()
