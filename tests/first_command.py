"""Run `make app` as in the README, with an empty home, and check what a newcomer sees.

    python3 tests/first_command.py        (needs nothing installed; run from a checkout)

Checks that the dashboard answers on its address, that a real Chromium paints the example's front,
that all four tasks are prepared, that nothing on the output looks like an error, and that the
dashboard ends when it should. Otherwise it exits with 1 and a line that says what is wrong.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
TASKS = ["editorials", "movie-reviews", "product-reviews", "tweets"]
INSTALLING_S = 1200  # a new, slow machine downloads and unpacks two gigabytes
ENDING_S = 30
LOOKS_WRONG = re.compile(
    r"traceback|error|warning|no such option|fail|cannot|without the tasks|\*\*\*", re.IGNORECASE
)


def main() -> None:
    """Run every check, and stop the dashboard whatever happens."""
    with tempfile.TemporaryDirectory(prefix="first-command-") as folder:
        home, log = Path(folder, "home"), Path(folder, "output.txt")
        home.mkdir()
        environment = {**os.environ, "BORT_HOME": str(home), "PORT": str(_port())}
        environment.pop("BORT_STORE", None)
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["make", "app"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _check(process, f"http://127.0.0.1:{environment['PORT']}", log, environment)
        finally:
            _stop(process)
        print(log.read_text("utf-8"), end="")


def _check(
    process: subprocess.Popen[bytes], address: str, log: Path, environment: dict[str, str]
) -> None:
    begun = time.monotonic()
    while not _answers(address):
        if process.poll() is not None:
            _fail(f"make app ended with exit code {process.returncode}", log)
        if time.monotonic() - begun > INSTALLING_S:
            _fail(f"{address} did not answer within {INSTALLING_S} s", log)
        time.sleep(0.5)
    print(f"make app answers on {address} after {time.monotonic() - begun:.0f} s.")
    painted = subprocess.run(
        [PYTHON, ROOT / "tests" / "browser" / "paint_home.py", address], env=environment
    )
    if painted.returncode:
        _fail("the example is not painted in a browser", log)
    listed = subprocess.run(
        [PYTHON.with_name("bort"), "data", "list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
    )
    prepared = sorted(
        task["name"] for task in json.loads(listed.stdout)["tasks"] if task["prepared"]
    )
    if prepared != TASKS:
        _fail(f"prepared are {prepared}, not {TASKS}", log)
    print(f"Four tasks are prepared: {', '.join(prepared)}.")
    said = log.read_text("utf-8")
    if wrong := [line for line in said.splitlines() if LOOKS_WRONG.search(line)]:
        _fail(f"this looks like an error: {wrong[0]!r}", log)
    if f"Dashboard: {address}" not in said:
        _fail("the address is not printed", log)


def _port() -> int:
    """Return the README's port if it is free, else another one."""
    for wanted in (8501, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("first command: no port is free")


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop make and the dashboard as Ctrl+C does."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise SystemExit(f"first command: the dashboard did not end in {ENDING_S} s") from None


def _fail(reason: str, log: Path) -> None:
    print(log.read_text("utf-8"), end="", file=sys.stderr)
    raise SystemExit(f"first command: {reason}")


if __name__ == "__main__":
    main()
