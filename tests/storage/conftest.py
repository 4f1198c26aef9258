import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import PROGRAMS, Server

from bort.storage import Store, open_store

BACKENDS = ["sqlite", *(["postgresql"] if PROGRAMS else [])]


@pytest.fixture(scope="session")
def server() -> Iterator[Server | None]:
    """A server for this process, if there are programs for one."""
    server = Server() if PROGRAMS else None
    yield server
    if server is not None:
        server.remove()


@pytest.fixture(params=BACKENDS)
def backend_url(
    request: pytest.FixtureRequest,
    server: Server | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """An empty database of each kind."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    assert server
    return server.database("contract")


@pytest.fixture
def store(backend_url: str) -> Iterator[Store]:
    with open_store(backend_url) as store:
        yield store


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder, and a user who must obey permissions: root can write read-only files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, 65534)
            os.setresuid(65534, 65534, 0)
        try:
            yield folder
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o700)
