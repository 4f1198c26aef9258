"""A PostgreSQL server of its own for the tests of one process, with a difficult password."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

# The folder of initdb and postgres; `.ci/run` sets it, and without it no test needs a server.
PROGRAMS = os.environ.get("BORT_TEST_POSTGRES")
PASSWORD = "p@ss:w0rd"
_NOBODY = 65534  # PostgreSQL refuses to run as root


class Server:
    """A cluster in a temporary folder, reachable on this machine only."""

    def __init__(self) -> None:
        assert PROGRAMS, "BORT_TEST_POSTGRES names the folder of initdb and postgres"
        self.folder = Path(tempfile.mkdtemp(prefix="bort-postgres-"))
        self._programs = Path(PROGRAMS)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        (self.folder / "password").write_text(PASSWORD, "utf-8")
        if os.geteuid() == 0:
            for path in (self.folder, self.folder / "password"):
                os.chown(path, _NOBODY, _NOBODY)
        self._do("initdb", "-D", "data", "-U", "ann", "--pwfile=password", "-A", "scram-sha-256")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self._port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._do("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server and cut all connections."""
        self._do("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def restart_after(self, seconds: float) -> None:
        """Stop the server, and start it again after some seconds."""
        self.stop()
        time.sleep(seconds)
        self.start()

    def remove(self) -> None:
        """Stop the server and delete everything."""
        self.stop()
        shutil.rmtree(self.folder)

    def database(self, name: str) -> str:
        """Make an empty database, and return its URL."""
        for statement in (f"DROP DATABASE IF EXISTS {name} (FORCE)", f"CREATE DATABASE {name}"):
            self._do(
                "psql",
                *("-h", str(self.folder), "-p", str(self._port), "-U", "ann", "-d", "postgres"),
                *("-q", "-c", statement),
            )
        password = quote(PASSWORD, safe="")
        return f"postgresql+psycopg://ann:{password}@127.0.0.1:{self._port}/{name}"

    def _do(self, program: str, *arguments: str) -> None:
        path = self._programs / program
        subprocess.run(
            [str(path), *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PGPASSWORD": PASSWORD},
            user=_NOBODY if os.geteuid() == 0 else None,
        )
