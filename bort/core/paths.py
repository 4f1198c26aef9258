"""Where things lie on this machine. Nothing is created by asking."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """`$BORT_HOME`, or the platform's folder for user data."""
    chosen = os.environ.get("BORT_HOME")
    return Path(chosen).expanduser().absolute() if chosen else user_data_path("bort")


def cache() -> Path:
    """What can be made again: prepared tasks, teachers, teacher labels."""
    return home() / "cache"


def runs() -> Path:
    """Job logs, checkpoints, certificates: one folder per job."""
    return home() / "runs"


def certificates() -> Path:
    """Certificates of searches that asked a table."""
    return home() / "certificates"


def store_url() -> str:
    """`$BORT_STORE`, or an SQLite file in the home folder."""
    return os.environ.get("BORT_STORE") or f"sqlite:///{home() / 'bort.db'}"


def is_first_use() -> bool:
    """Whether nothing was chosen and nothing lies in the home folder: nobody worked here yet."""
    return not os.environ.get("BORT_STORE") and not (home() / "bort.db").exists()
