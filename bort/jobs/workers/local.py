"""A worker that is a process on this machine."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bort.jobs.workers.messages import Message, OnSteps, answered, name_of

GRACE_S = 5.0  # for a process to end by itself
PROCESS = ("-m", "bort.jobs.workers.process")  # for Python


class Conversation:
    """A process that we talk to in JSON, one message a line.

    Args:
        arguments: for Python, which runs the process.
        log: gets everything that it prints.
        more: variables for its environment.
    """

    def __init__(
        self, arguments: Sequence[str], log: Path, more: Mapping[str, str] | None = None
    ) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the job, which tells the workers
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(more or {})},
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def say(self, message: Mapping[str, Any]) -> None:
        """Send a message; raises EOFError if the process ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise EOFError from error

    def hear(self) -> dict[str, Any]:
        """Wait for a message; raises EOFError if the process ended."""
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except ValueError as error:  # it was closed
            raise EOFError from error
        if not line.endswith(b"\n"):  # it ended, perhaps in the middle of its answer
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    def hang_up(self) -> None:
        """Close its input, which tells it to stop."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended before it read everything
            self._process.stdin.close()

    def close(self) -> None:
        """Let it end."""
        self.hang_up()
        self.end()

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()

    def end(self) -> None:
        """Wait until it has ended; after a while, kill it. Any thread may call this, and again."""
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class LocalWorker:
    """A process that trains.

    Args:
        brief: the first message to it.
    """

    def __init__(
        self, brief: Mapping[str, Any], *, log: Path, arguments: Sequence[str] = PROCESS
    ) -> None:
        self._brief = brief
        self._process = Conversation(arguments, log)
        self.name = ""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def begin(self) -> None:
        """Give it its brief, and wait until it can train."""
        self._process.say(self._brief)
        ready = answered(self._process.hear())["ready"]
        self.name = name_of(ready)

    def train(self, message: Message, on_steps: OnSteps) -> Message:
        """Train and wait."""
        self._process.say(message)
        while "steps" in (answer := answered(self._process.hear())):
            on_steps(answer["steps"])
        return answer

    def stop(self) -> None:
        """Tell it to stop, whatever it does."""
        self._process.hang_up()

    def end(self) -> None:
        """Wait until it has ended; after a while, kill it."""
        self._process.end()
