"""A wheel, built from the source distribution, in environments of its own."""

import sys
import sysconfig
import tarfile

import pytest
from installing import ROOT, environment, install, run


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="session")
def wheel(place):
    """Build the source distribution, and the wheel from it: it must be complete."""
    build = (sys.executable, "-m", "hatchling", "build", "-d", place)
    run(*build, "-t", "sdist", cwd=ROOT)
    [sdist] = place.glob("bort-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(place / "unpacked", filter="data")
    [source] = (place / "unpacked").iterdir()
    run(*build, "-t", "wheel", cwd=source)
    [built] = place.glob("bort-*.whl")
    return built


@pytest.fixture(scope="session")
def base(place, wheel):
    """The wheel with what it requires and nothing else, from the package index."""
    python = environment(place / "base")
    install(python, "-c", ROOT / "constraints.txt", wheel, cwd=place)
    return python


@pytest.fixture(scope="session")
def full(place, wheel):
    """The wheel beside the libraries of the checkout's environment, without the checkout."""
    python = environment(place / "full")
    install(python, "--no-deps", wheel, cwd=place)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = place / "full" / "lib" / version / "site-packages"
    # A folder that a .pth file adds is searched, but its own .pth files, which add the checkout,
    # are not read.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python
