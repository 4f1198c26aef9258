"""A copy of a home, in which commands are run and killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bort.storage import Store

HERE = Path(__file__).parent
PATIENCE_S = 600


class KillFailedError(AssertionError):
    """What a kill has broken."""


@dataclass
class World:
    """A folder with a network, a space, a task, and a home with a finished study and a model."""

    folder: Path
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"

    def at(self, home: Path) -> "Place":
        """Copy the home, so that every run begins with the same."""
        copytree(self.home, home / "home")
        return Place(self.folder, home)


@dataclass
class Place:
    """A copy of the home, with temporary files and locks of its own."""

    files: Path
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(HERE / "quick_bort.py"), str(self.folder / "locks"), *arguments]

    def environment(self) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {"BORT_HOME": str(self.home), "TMPDIR": str(temporary), "OMP_WAIT_POLICY": "PASSIVE"}
        return {k: v for k, v in os.environ.items() if k != "BORT_STORE"} | own

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command to its end, and return what it prints."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.files,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise KillFailedError(f"bort {' '.join(arguments)}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def killed(self, arguments: Sequence[str], after_s: float) -> bool:
        """Run a command and kill all its processes; False if it had ended by then."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.files,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        return False

    def store(self) -> "Store":
        """Open its store."""
        from bort.storage import open_store

        return open_store(f"sqlite:///{self.home / 'bort.db'}")
