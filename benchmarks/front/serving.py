"""The servers, the browser that visits them, and a search that runs meanwhile."""

import json
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
from typing import TYPE_CHECKING, NamedTuple

import psutil

import bort
from bort.core import paths
from bort.core.errors import BortError, MissingExtraError
from bort.jobs import cancel, find_job
from bort.storage import Store, ensure_example_jobs, ensure_examples, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(bort.__file__).parent.parent
STOCK = Path(__file__).with_name("stock.py")
PATIENCE_S = 120
WARM_S = 20  # of the processor; a search has then imported its libraries, and trains
BORT = (sys.executable, "-c", "from bort.cli import main; main()")
DASHBOARD = (*BORT, "app", "--no-prepare", "--no-open", "--port")  # then the port
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


class Server(NamedTuple):
    """A server that answers.

    Attributes:
        pid: of its process.
    """

    address: str
    pid: int


@contextmanager
def servers(home: Path) -> Iterator[dict[str, Server]]:
    """Serve the dashboard with this home, and the plain page."""
    plain = (sys.executable, "-m", "streamlit", "run", str(STOCK), "--server.headless=true")
    with ExitStack() as stack:
        ours = stack.enter_context(_serving(DASHBOARD, home))
        stock = stack.enter_context(_serving([*plain, "--server.port"], home))
        yield {"ours": ours, "stock": stock}


@contextmanager
def both(home: Path) -> Iterator[dict[str, str]]:
    """Serve the dashboard with this home and the plain page; yields their addresses."""
    with servers(home) as started:
        yield {side: server.address for side, server in started.items()}


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


def agora_example(home: Path) -> int:
    """The number of the finished example of Agora that needs no texts of this machine."""
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        ensure_example_jobs(store, paths.example_jobs())
        return next(job.id for job in store.jobs(kind="agora") if job.study == "agora-torus")


@contextmanager
def search(home: Path) -> Iterator[None]:
    """Have a search train in the background, which makes its own texts; ends it afterwards."""
    folder = home / "searched"
    folder.mkdir()
    texts = (f"{word} film {n}" for n in range(500) for word in ("fine", "dull"))
    lines = (f"{text},{text.split()[0]}" for text in texts)
    (folder / "films.csv").write_text("text,label\n" + "\n".join(lines) + "\n", "utf-8")
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        ensure_examples(store, paths.examples())  # no page has done it if all else was measured
        profile = next(study.profile for study in store.studies() if study.profile)
        words = ("--task", "films.csv", "--latency-profile", profile, "--steps", "100000")
        job_id = _started(home, folder, *words)
        try:
            _wait_until_it_trains(store, job_id)
            yield
        finally:
            cancel(store, job_id)


def _started(home: Path, folder: Path, *words: str) -> int:
    """Start a search in the background; returns its job."""
    run = subprocess.run(
        [*BORT, "search", *words, "--detach", "--json"],
        cwd=folder,
        env=_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise BortError(run.stderr.strip().splitlines()[-1])
    return int(json.loads(run.stdout)["job"])


def _wait_until_it_trains(store: Store, job_id: int) -> None:
    """Wait until the job's process has used the processor for a while."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        job = find_job(store, job_id)
        if job.process is not None and psutil.Process(job.process.pid).cpu_times().user > WARM_S:
            return
        if job.state.is_final or time.monotonic() > give_up:
            raise BortError(f"the search in the background is {job.state} and does not train")
        time.sleep(1)


@contextmanager
def _serving(command: Sequence[str], home: Path) -> Iterator[Server]:
    """Start a server on a free port, the command's last argument."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [*command, str(port)],
        env=_environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(process, port)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _environment(home: Path) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k != "BORT_STORE"}
    return {**environment, "BORT_HOME": str(home), "PYTHONPATH": str(ROOT)}


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
