"""Commands outside the checkout, and environments that know nothing of it."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **environment):
    """Run a command outside the checkout; returns what it printed, or fails with it."""
    inherited = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "BORT_STORE")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(folder):
    """Make an environment without pip, as uv does; returns its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def install(python, *what, cwd):
    run(sys.executable, "-m", "pip", "--python", python, "install", "-qq", *what, cwd=cwd)
