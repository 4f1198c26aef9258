"""An S3 server of its own for the tests of one process: moto, which has no disk and no accounts."""

import contextlib
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

START_S = 120.0  # on a slow machine, whose disk reads moto for the first time


class Bucket:
    """A bucket on the server, and the environment that reaches it."""

    def __init__(self, endpoint: str) -> None:
        self.url = f"s3://bort-{secrets.token_hex(4)}/shared"
        self.environment = {
            "BORT_FILES": self.url,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "ann",
            "AWS_SECRET_ACCESS_KEY": "very-secret",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._answers("PUT", f"{endpoint}/{self.url.split('/')[2]}")

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the environment."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    @staticmethod
    def _answers(method: str, url: str) -> None:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            assert answer.status == 200


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Start a server, and yield its endpoint once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    give_up = time.monotonic() + START_S
    try:
        while True:
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/").close()
                break
            except OSError:
                assert process.poll() is None, "the S3 server ended; is moto installed?"
                assert time.monotonic() < give_up, "the S3 server does not answer"
                time.sleep(0.1)
        yield endpoint
    finally:
        process.terminate()
        process.wait()
