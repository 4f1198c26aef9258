"""What `bort doctor` looks at: versions, disk, locks, store, and what is stale. Changes nothing."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any

import bort
from bort.core import paths, shared_files
from bort.core.errors import BortError, MissingExtraError, OldStoreError
from bort.core.locks import holder
from bort.core.machine import GIB
from bort.jobs.runtime.watch import list_jobs
from bort.latency.compare import differences_from_here
from bort.latency.stored import stored_profiles
from bort.storage import Store, models_folder, open_store, open_to_read
from bort.tasks import list_tasks
from bort.training.source import source_network

LIBRARIES = ("numpy", "streamlit", "torch", "transformers", "onnxruntime", "scikit-learn")
LITTLE_SPACE = GIB  # bytes; a fine-tuning of a small model writes some hundred MB


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Check(StrEnum):
    """What is looked at; `bort.report.doctor` has the words."""

    VERSIONS = "versions"
    DISK = "disk"
    STORE = "store"
    FILES = "files"
    LOCK = "lock"
    TASKS = "tasks"
    SOURCE = "source network"
    JOBS = "jobs"
    PROFILES = "profiles"
    LEFTOVERS = "leftovers"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        facts: numbers, names and paths, as JSON values.
    """

    check: Check
    level: Level
    facts: Mapping[str, Any] = field(default_factory=dict)


def examine(store_url: str | None = None) -> Iterator[Finding]:
    """Look at this installation, its store and its files, one check after the other.

    Args:
        store_url: None is `bort.core.paths.store_url()`.
    Cost: reads the store and the sizes of all files in the home folder; imports no torch.
    """
    yield _versions()
    yield _disk()
    who = holder()
    yield Finding(Check.LOCK, Level.OK, {"holder": None if who is None else str(who)})
    ready = [task.name for task in list_tasks() if task.prepared]
    missing = sorted({task.name for task in list_tasks()} - set(ready))
    yield Finding(Check.TASKS, Level.NOTE if missing else Level.OK, {"missing": missing})
    yield _source()
    if shared_files.is_set():
        yield _files()
    try:
        store = _opened(store_url)
    except OldStoreError as error:
        yield Finding(Check.STORE, Level.NOTE, {"error": str(error)})
        return
    except BortError as error:
        yield Finding(Check.STORE, Level.PROBLEM, {"error": str(error)})
        return
    with store:
        yield from _store(store)


def _opened(url: str | None) -> Store:
    """Open the store as it is; an older one is not brought up to date, nor a missing one made."""
    is_new = url is None and paths.is_first_use()
    return open_to_read() if is_new else open_store(url, read_only=True)


def _versions() -> Finding:
    found = {name: _version(name) for name in LIBRARIES}
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        Check.VERSIONS, Level.OK, {"bort": bort.__version__, "python": python, "libraries": found}
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _disk() -> Finding:
    home = paths.home()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    used = {name: _size(home / name) for name in ("cache", "runs", "models", "texts")}
    level = Level.PROBLEM if free < LITTLE_SPACE else Level.OK
    return Finding(Check.DISK, level, {"home": str(home), "free": free, "used": used})


def _source() -> Finding:
    try:
        return Finding(Check.SOURCE, Level.OK, {"folder": str(source_network().folder)})
    except MissingExtraError:
        return Finding(Check.SOURCE, Level.NOTE, {"folder": None})
    except BortError as error:
        return Finding(Check.SOURCE, Level.PROBLEM, {"error": str(error)})


def _files() -> Finding:
    try:
        name = shared_files.reach()
    except BortError as error:
        return Finding(Check.FILES, Level.PROBLEM, {"error": str(error)})
    return Finding(Check.FILES, Level.OK, {"files": name})


def _store(store: Store) -> Iterator[Finding]:
    studies, models = store.studies(), store.models()
    facts = {"studies": len(studies), "models": len(models), "store": str(store.database)}
    yield Finding(Check.STORE, Level.OK, facts)
    all_jobs = list_jobs(store)
    unfinished = [job.id for job in all_jobs if job.state.can_resume]
    yield Finding(
        Check.JOBS,
        Level.NOTE if unfinished else Level.OK,
        {"count": len(all_jobs), "unfinished": unfinished},
    )
    profiles = stored_profiles(store)
    stale = [profile.name for profile in profiles if differences_from_here(profile)]
    yield Finding(
        Check.PROFILES,
        Level.NOTE if stale else Level.OK,
        {"count": len(profiles), "stale": stale},
    )
    known = {job.folder.name for job in all_jobs}, {model.folder_name for model in models}
    places = zip((paths.runs(), models_folder()), known, strict=True)
    left = [path for place, names in places for path in _folders(place) if path.name not in names]
    yield Finding(
        Check.LEFTOVERS,
        Level.NOTE if left else Level.OK,
        {"folders": [str(path) for path in left], "bytes": sum(map(_size, left))},
    )


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _size(folder: Path) -> int:
    files = folder.rglob("*") if folder.is_dir() else ()
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
