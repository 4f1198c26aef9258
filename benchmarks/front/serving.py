"""The servers, and the browser that visits them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import bort
from bort.core.errors import BortError, MissingExtraError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(bort.__file__).parent.parent
STOCK = Path(__file__).with_name("stock.py")
PATIENCE_S = 120
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@contextmanager
def both(home: Path) -> Iterator[dict[str, str]]:
    """Serve the dashboard with this home and the plain page; yields their addresses."""
    plain = (sys.executable, "-m", "streamlit", "run", str(STOCK), "--server.headless=true")
    with ExitStack() as stack:
        ours = stack.enter_context(dashboard(home))
        stock = stack.enter_context(_serving([*plain, "--server.port"], home))
        yield {"ours": ours, "stock": stock}


@contextmanager
def dashboard(home: Path) -> Iterator[str]:
    """Serve the dashboard with this home; yields its address."""
    app = (sys.executable, "-c", "from bort.cli import main; main()", "app", "--no-prepare")
    with _serving([*app, "--no-open", "--port"], home) as address:
        yield address


@contextmanager
def browser() -> Iterator["Browser"]:
    """A running Chromium, the one that the browser tests drive.

    Raises:
        MissingExtraError: there is none.
    """
    from playwright.sync_api import sync_playwright

    finder = ROOT / "tests" / "browser" / "find-chromium"
    found = subprocess.run([finder], capture_output=True, text=True, check=False)
    if found.returncode:
        raise MissingExtraError(found.stderr.strip().splitlines()[-1])
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found.stdout.strip(), args=FLAGS)
        yield started
        started.close()


@contextmanager
def _serving(command: Sequence[str], home: Path) -> Iterator[str]:
    """Start a server on a free port, the command's last argument; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if k != "BORT_STORE"}
    process = subprocess.Popen(
        [*command, str(port)],
        env={**environment, "BORT_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > give_up:
            raise BortError("the server did not start; run the command again")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
