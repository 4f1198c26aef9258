"""Check that a job can have the workers that it asks for, before anything is stored."""

import os
from importlib.util import find_spec

from bort.core.errors import InvalidFieldError, MissingExtraError
from bort.core.workers import WorkersSpec


def check_workers(workers: str | None) -> None:
    """Check that this machine can talk to a Ray cluster, if the workers are its nodes.

    Raises:
        MissingExtraError: the package ray is not installed.
        InvalidFieldError: the cluster would be open to everyone.
    """
    if WorkersSpec(workers=workers).address is None:
        return
    if find_spec("ray") is None:
        raise MissingExtraError(
            "workers on a Ray cluster need ray, which is not installed; install it with: "
            "pip install 'bort[ray]'"
        )
    if os.environ.get("RAY_AUTH_MODE") != "token":
        raise InvalidFieldError(
            "workers",
            "whoever reaches a Ray cluster without a token can run programs on it; set "
            "RAY_AUTH_MODE=token here and where its nodes start, see docs/machines.md",
        )
