"""A class on one server: how long lessons take to open when everybody opens them at once.

`python -m benchmarks.lessons.classroom --students 25` starts a dashboard of its own, opens that
many sessions as browsers do, and lets all of them open every lesson at the same moment. It measures
the server; what a browser then draws, it draws on the student's machine.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from statistics import median

import click
import psutil
from websockets.asyncio.client import ClientConnection, connect

from bort.lessons.book import book
from bort.lessons.catalogue import LESSONS

PATIENCE_S = 120.0
PAGE = "lesson"


@dataclass(frozen=True, slots=True)
class Opened:
    """One lesson in one session.

    Attributes:
        seconds: until the server had sent all of it.
        bytes: what it sent.
    """

    seconds: float
    bytes: int


class Student:
    """A session of the dashboard, as a browser holds it."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def open(self, slug: str) -> Opened:
        """Open a lesson.

        Raises:
            RuntimeError: the page ended with an error.
        """
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        began, received, has_lesson = time.perf_counter(), 0, False
        wanted = BackMsg()
        wanted.rerun_script.page_name = PAGE
        wanted.rerun_script.query_string = f"lesson={slug}"
        await self._connection.send(wanted.SerializeToString())
        while True:
            data = await asyncio.wait_for(self._connection.recv(decode=False), PATIENCE_S)
            received += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            element = message.delta.new_element
            has_lesson |= bool(message.ref_hash) or element.WhichOneof("type") == "bidi_component"
            if element.WhichOneof("type") == "exception":
                raise RuntimeError(f"{slug}: {element.exception.message}")
            if message.WhichOneof("type") == "script_finished":
                if not has_lesson:
                    raise RuntimeError(f"{slug}: the page has no lesson")
                return Opened(time.perf_counter() - began, received)


@asynccontextmanager
async def classroom(port: int, students: int) -> AsyncIterator[list[Student]]:
    """Connect that many students."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    connections: list[ClientConnection] = []
    try:
        for _ in range(students):
            connections.append(
                await connect(
                    address,
                    subprotocols=["streamlit"],  # type: ignore[list-item]
                    origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
                    max_size=None,
                )
            )
        yield [Student(one) for one in connections]
    finally:
        for one in connections:
            await one.close()


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody opened one lesson at the same moment."""

    slug: str
    alone: float
    together: Sequence[Opened]
    processor_s: float
    memory_mb: float

    def line(self) -> str:
        """A row of the table."""
        seconds = sorted(one.seconds for one in self.together)
        return (
            f"{self.slug:16} {self.alone:6.2f} {median(seconds):7.2f} {seconds[-1]:7.2f} "
            f"{self.processor_s:7.2f} {max(one.bytes for one in self.together) / 1e3:7.0f} "
            f"{self.memory_mb:7.0f}"
        )


async def rounds(port: int, server: psutil.Process, students: int) -> AsyncIterator[Round]:
    """Open every lesson: first alone, then with everybody at once."""
    async with classroom(port, students) as everybody:
        for lesson in LESSONS:
            async with classroom(port, 1) as (first,):
                alone = await first.open(lesson.slug)
            before = _processor(server)
            together = await asyncio.gather(*(one.open(lesson.slug) for one in everybody))
            spent = _processor(server) - before
            memory = server.memory_info().rss / 1e6
            yield Round(lesson.slug, alone.seconds, together, spent, memory)


def _processor(server: psutil.Process) -> float:
    times = server.cpu_times()
    return times.user + times.system


@asynccontextmanager
async def dashboard() -> AsyncIterator[tuple[int, psutil.Process]]:
    """A dashboard with an empty home, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    start = "from bort.cli import main; main()"
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-c", start, "app", "--port", str(port), "--no-open", "--no-prepare"],
            env={**environ, "BORT_HOME": home, "BORT_STORE": f"sqlite:///{Path(home) / 'bort.db'}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await _answers(port)
            yield port, psutil.Process(server.pid)
        finally:
            server.terminate()
            server.wait(20)


async def _answers(port: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def _measure(students: int) -> None:
    async with dashboard() as (port, server):
        before = _processor(server)
        async with classroom(port, 1) as (first,):
            opened = await first.open(LESSONS[0].slug)
        spent = _processor(server) - before
        click.echo(
            f"the first page after the start: {opened.seconds:.2f} s, {spent:.2f} s of processor"
        )
        click.echo(f"{students} students; seconds until a lesson is sent, and what it costs")
        click.echo("lesson            alone  median slowest  cpu, s   kB sent  MB held")
        async for one in rounds(port, server, students):
            click.echo(one.line())
    click.echo(
        f"the file of all lessons: {len(book().encode()) / 1e3:.0f} kB, once for each student"
    )


@click.command()
@click.option("--students", default=25, show_default=True, type=click.IntRange(1, 200))
def main(students: int) -> None:
    """Measure a class on one dashboard."""
    asyncio.run(_measure(students))


if __name__ == "__main__":
    main()
