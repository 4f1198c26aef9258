"""Paths of bort's files on this machine. These functions create nothing."""

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_path

from bort.core.errors import InvalidOptionError


def expanded(path: str | Path) -> Path:
    """Replace a leading `~` by the user's folder; there may be no such user."""
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def in_full(name: str) -> str:
    """Write the path of a file or folder that exists in full; other names, as hub ids, stay.

    What a job or a study stores is read in other folders, too.
    """
    path = expanded(name)
    return str(path.absolute()) if name and os.path.exists(path) else name  # also odd names


def home() -> Path:
    """`$BORT_HOME`, or the platform's folder for user data."""
    chosen = os.environ.get("BORT_HOME")
    return expanded(chosen).absolute() if chosen else user_data_path("bort")


def check_home() -> None:
    """Check that the home can be a folder.

    Raises:
        InvalidOptionError: BORT_HOME names a file, a device or a URL.
    """
    chosen = os.environ.get("BORT_HOME") or ""
    if "://" in chosen or (home().exists() and not home().is_dir()):
        raise InvalidOptionError(f"BORT_HOME must name a folder, but {chosen or home()} is none")


def cache() -> Path:
    """Folder for everything that can be made again: prepared tasks, teachers, teacher labels."""
    return home() / "cache"


def runs() -> Path:
    """Folder for job logs, checkpoints and certificates, with one folder per job."""
    return home() / "runs"


def dashboard() -> Path:
    """Folder with app.py, pages and examples: in the installed package, or the checkout."""
    packed = Path(__file__).parents[1] / "dashboard"
    return packed if packed.is_dir() else Path(__file__).parents[2]


def examples() -> Path:
    """Folder with recorded studies, the finished examples."""
    return dashboard() / "data" / "recorded"


def teaching() -> Path:
    """The plan for teachers, with its exercises."""
    return dashboard() / "docs" / "teaching.md"


def example_jobs() -> Path:
    """Folder with recorded jobs: the finished examples of Agora, models and measurements."""
    return examples() / "jobs"


def source_network() -> Path:
    """Folder of the source network that was fetched; empty if its package is installed."""
    return cache() / "source-network"


def texts() -> Path:
    """Folder for the texts and labels that were passed from Python; their studies read them."""
    return home() / "texts"


def example_names() -> list[str]:
    """Names of the finished examples."""
    return sorted(file.stem for file in examples().glob("*.json"))


def certificates() -> Path:
    """Folder for certificates of searches in a table."""
    return home() / "certificates"


def store_url() -> str:
    """`$BORT_STORE`, or an SQLite file in the home folder."""
    return os.environ.get("BORT_STORE") or f"sqlite:///{home() / 'bort.db'}"


def is_first_use() -> bool:
    """Check for a first use: no store is chosen and the home folder is empty."""
    return not os.environ.get("BORT_STORE") and not (home() / "bort.db").exists()
