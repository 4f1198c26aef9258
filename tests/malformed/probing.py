"""Run a case, in this process or as a command, and say what is wrong with how it ended."""

import contextlib
import io
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
from cases import Case
from world import World

MOST_S = 60  # what takes longer hangs, even where importing torch takes 12 s
LONGEST_LINE = 300
ODD_PLACES = ("FIFO", "LOOP", "FOLDER", "SOCKET")


@dataclass(frozen=True)
class Ended:
    """How a case ended, and whether what it found is unchanged."""

    code: int | None
    out: str
    err: str
    seconds: float
    left: tuple[str, ...]


def faults(case: Case, ended: Ended) -> list[str]:
    """Say what is wrong; empty if nothing is."""
    lines = ended.err.splitlines()
    found = []
    if ended.code not in (0, 1, 2):
        found.append(f"exit code {ended.code}")
    if ended.seconds > MOST_S:
        found.append(f"took {ended.seconds:.0f} s")
    if "Traceback" in ended.err + ended.out or "Warning:" in ended.err:
        found.append("a traceback or a warning of Python")
    if "bort-report" in ended.err:
        found.append("caught by the last net only")
    if any(len(line) > LONGEST_LINE for line in lines):
        found.append(f"a line of {max(map(len, lines))} characters")
    if ended.code == 2 or (ended.code == 1 and lines):  # a failed check may be told on stdout
        said = [line for line in lines if line.startswith("bort: ")]
        is_usage = case.argv in ((), ("jobs",))  # a group without a command prints its help
        if not is_usage and (len(said) != 1 or lines[-1:] != said):
            found.append(f"not one line at the end, but {lines[-3:]}")
        if any(not line.isprintable() for line in lines):
            found.append("control characters")
    if "secret" in ended.err + ended.out or "w0rd" in ended.err + ended.out:
        found.append("a password")
    if ended.left:
        found.append(f"left {', '.join(ended.left)}")
    return found


def run_here(case: Case, world: World, folder: Path) -> Ended:
    """Run a case in this process. Long work is not started; it counts as exit code 0."""
    from bort.cli.main import main

    with _place(case, world, folder) as (argv, place):
        out, err = _Captured(), _Captured()
        begun = time.monotonic()
        before = sys.argv, Path.cwd()
        sys.argv = ["bort", *argv]
        os.chdir(place.cwd)
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(2 * MOST_S)
        code: int | None = None
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else None
        except BaseException as error:
            err.write(f"\nTraceback of {type(error).__name__}: {str(error)[:300]}\n")
        finally:
            signal.alarm(0)
            sys.argv = before[0]
            os.chdir(before[1])
        return Ended(
            code, out.getvalue(), err.getvalue(), time.monotonic() - begun, place.left(code)
        )


def run_command(case: Case, world: World, folder: Path) -> Ended:
    """Run a case as a process of its own."""
    with _place(case, world, folder) as (argv, place):
        begun = time.monotonic()
        words = [sys.executable, "-c", "from bort.cli.main import main; main()"]
        given = [os.fsencode(word) for word in argv]
        try:
            done = subprocess.run(
                [*words, *given],
                cwd=place.cwd,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=2 * MOST_S,
                check=False,
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            code, out, err = None, late.stdout or b"", late.stderr or b""
        seconds = time.monotonic() - begun
        return Ended(
            code,
            out.decode("utf-8", "replace"),
            err.decode("utf-8", "replace"),
            seconds,
            place.left(code),
        )


class _Captured(io.TextIOWrapper):
    """A stream as a terminal has it: UTF-8, and strict on standard output."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="")

    def getvalue(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("utf-8", "replace")


class _TooLong(BaseException):
    pass


def _too_long(number: int, frame: FrameType | None) -> None:
    raise _TooLong


@dataclass(frozen=True)
class _Place:
    """A case's own folder, home and temporary folder, and what was in them."""

    cwd: Path
    home: Path
    scratch: Path
    before: tuple[frozenset[str], frozenset[str]]

    def left(self, code: int | None) -> tuple[str, ...]:
        found = [f"TMPDIR/{name}" for name in _names(self.scratch)]
        if code == 0:
            return tuple(found)
        found += [f"./{name}" for name in sorted(_names(self.cwd) - self.before[0])]
        after = _names(self.home) | _rows(self.home)
        found += [f"HOME/{name}" for name in sorted(after - self.before[1])]
        return tuple(found)


@contextlib.contextmanager
def _place(case: Case, world: World, folder: Path) -> Iterator[tuple[list[str], _Place]]:
    cwd, home, scratch = folder / "here", folder / "home", folder / "tmp"
    cwd.mkdir(parents=True)
    scratch.mkdir()
    shutil.copytree(world.home, home)
    os.chmod(home, 0o700)
    for name, content in case.files.items():
        (cwd / name).parent.mkdir(exist_ok=True)
        (cwd / name).write_bytes(content)
    argv = [_resolved(word, case, world, cwd) for word in case.argv]
    _make_odd_places(cwd, argv)
    changes = {"BORT_HOME": str(home), "TMPDIR": str(scratch), "HF_ENDPOINT": "http://127.0.0.1:9"}
    kept = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    tempfile.tempdir = None
    place = _Place(
        cwd, home, scratch, (frozenset(_names(cwd)), frozenset(_names(home) | _rows(home)))
    )
    try:
        yield argv, place
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        tempfile.tempdir = None
        shutil.rmtree(folder)


def _resolved(word: str, case: Case, world: World, cwd: Path) -> str:
    word = word.replace("sqlite:///HOME", f"sqlite:///{cwd.parent}/home")
    before, mark, name = word.partition("@")
    if not mark or before not in ("", "sqlite:///"):
        return word
    is_own = any(own.partition("/")[0] == name for own in case.files)
    if not is_own and not (world.files / name).exists():
        return word
    return f"{before}{cwd / name if is_own else world.files / name}"


def _make_odd_places(cwd: Path, argv: list[str]) -> None:
    for word in argv:
        name = word.rpartition("=")[2].removeprefix("sqlite:///").rstrip("/")
        kind, place = name.partition(".")[0], cwd / name
        if kind not in ODD_PLACES or place.exists():
            continue
        if kind == "FIFO":
            os.mkfifo(place)
        elif kind == "LOOP":
            place.symlink_to(name)
        elif kind == "FOLDER":
            place.mkdir()
        else:
            with contextlib.chdir(cwd), socket.socket(socket.AF_UNIX) as made:
                made.bind(name)


def _names(folder: Path) -> set[str]:
    """Every file and folder below, without SQLite's logs and what can be made again."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*"))
    return {
        name
        for name in found
        if not (name.endswith(("-wal", "-shm")) or name.partition("/")[0] == "cache")
    }


def _rows(home: Path) -> set[str]:
    """Every row of the store, as a text."""
    file = home / "bort.db"
    if not file.is_file():
        return set()
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return {f"row {line[:60]} {hash(line)}" for line in connection.iterdump()}


class Started(click.exceptions.Exit):
    """Takes the place of long work: the input was accepted."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(0)
