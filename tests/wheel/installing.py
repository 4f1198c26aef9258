"""Commands outside the checkout, and environments that know nothing of it."""

import os
import subprocess
import sys
import venv
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

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


def link_requirements(python, *, extras):
    """Link what the installed wheel requires, and all that this requires, from here.

    As if pip had installed them, without the minutes for a gigabyte: a requirement that is missing
    in `pyproject.toml` is missing there too.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = python.parents[1] / "lib" / version / "site-packages"
    [own] = distributions(name="bort", path=[str(packages)])
    todo, seen = required(own, extras), set()
    while todo:
        name, wanted = todo.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found = distribution(name)
        for entry in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            target = packages / entry
            if not target.exists():
                target.symlink_to(found.locate_file(entry))
        todo += required(found, wanted)


def required(found, extras):
    """List the names and extras of what a distribution requires here."""
    environments = [{"extra": extra} for extra in ("", *extras)]
    requirements = map(Requirement, found.requires or ())
    return [
        (one.name, tuple(sorted(one.extras)))
        for one in requirements
        if one.marker is None or any(map(one.marker.evaluate, environments))
    ]
