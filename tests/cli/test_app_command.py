"""`bort app` obeys nobody but its own settings: a real server in a hostile folder."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HOSTILE = """\
[server]
address = "0.0.0.0"
port = 1
enableCORS = false
enableXsrfProtection = false
corsAllowedOrigins = ["http://evil.example"]
allowedHosts = ["*"]
maxUploadSize = 100000
baseUrlPath = "evil"
enableStaticServing = true
enableAgentApi = true
sslCertFile = "cert.pem"
sslKeyFile = "key.pem"
[browser]
serverAddress = "evil.example"
gatherUsageStats = true
[client]
showErrorDetails = "full"
[global]
developmentMode = true
"""
VARIABLES = {
    "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
    "STREAMLIT_SERVER_ENABLE_CORS": "false",
    "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
    "STREAMLIT_SERVER_ALLOWED_HOSTS": "*",
    "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": "http://evil.example",
    "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "100000",
    "STREAMLIT_SERVER_BASE_URL_PATH": "evil",
    "STREAMLIT_GLOBAL_DEVELOPMENT_MODE": "true",
}
MARK = "imported-by-the-dashboard"
PATIENCE_S = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path, Path]]:
    """Start the dashboard in a folder that wants to open it to everybody."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = folder / ".streamlit"
    settings.mkdir()
    (settings / "config.toml").write_text(HOSTILE)
    (settings / "secrets.toml").write_text("this is not TOML, so reading it would fail")
    for module in ("json", "streamlit", "bort", "app"):
        (folder / f"{module}.py").write_text(f"open({MARK!r}, 'w')\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder / "log"
    program = "import sys; sys.path.pop(0); from bort.cli import main; main()"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "app", "--port", str(port), "--no-open"],
            cwd=folder,
            env={
                **os.environ,
                **VARIABLES,
                "BORT_HOME": str(folder / "home"),
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(port, process, log)
        yield port, folder, log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if ask(port, "/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text())


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=names)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, found


def shake_hands(port: int, **headers: str) -> int:
    """Ask for the WebSocket as a browser does; 101 lets it in."""
    return ask(
        port,
        "/_stcore/stream",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key=base64.b64encode(bytes(16)).decode(),
        **headers,
    )[0]


def test_only_its_own_pages_reach_the_websocket(server: tuple[int, Path, Path]) -> None:
    port, _, _ = server
    own = f"127.0.0.1:{port}"
    assert shake_hands(port, Host=own, Origin=f"http://{own}") == 101
    for origin in ("http://evil.example", f"http://evil.example:{port}", "null", "file://"):
        assert shake_hands(port, Host=own, Origin=origin) == 403, origin
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example"):
        assert shake_hands(port, Host=host, Origin=f"http://{host}") == 403, host


def test_no_other_origin_may_read_or_upload(server: tuple[int, Path, Path]) -> None:
    port, _, _ = server
    for path in ("/_stcore/health", "/_stcore/host-config"):
        _, headers = ask(port, path, Origin="http://evil.example")
        assert headers.get("access-control-allow-origin") != "*"
        assert "evil.example" not in json.dumps(headers)
    status, _ = ask(port, "/_stcore/upload_file/x/y", "PUT", Origin="http://evil.example")
    assert status in (400, 403)


def test_only_this_machine_is_served(server: tuple[int, Path, Path]) -> None:
    port, _, _ = server
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    ours = {place for place in addresses if int(place.partition(":")[2], 16) == port}
    assert ours == {f"0100007F:{port:04X}"}


def test_nothing_of_the_folder_is_read(server: tuple[int, Path, Path]) -> None:
    _, folder, log = server
    assert not (folder / MARK).exists()
    assert "secrets" not in log.read_text()
    assert "Traceback" not in log.read_text()


def refusal(tmp_path: Path, *arguments: str, **variables: str) -> str:
    program = "import sys; sys.path.pop(0); from bort.cli import main; main()"
    own = {"BORT_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program, "app", *arguments],
        env={**os.environ, **own, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    return line


def test_nothing_is_shared_without_a_login(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--share")
    assert "without url, client_id, client_secret, metadata_url, cookie_secret;" in said
    file = tmp_path / "share.toml"
    file.write_text("url = 'https://bort.example.com'")
    file.chmod(0o644)
    assert f"run: chmod 600 {file}" in refusal(tmp_path, "--share")
    file.chmod(0o600)
    assert "without client_id, client_secret," in refusal(tmp_path, "--share")
    assert "'everybody' is not one of" in refusal(tmp_path, "--share=everybody")
