"""A wheel, built from the source distribution, in environments of its own."""

import sys
import tarfile

import pytest
from installing import ROOT, environment, install, link_requirements, run


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
    """The wheel with what it requires, and nothing else."""
    python = environment(place / "base")
    install(python, "--no-deps", wheel, cwd=place)
    link_requirements(python, extras=())
    return python


@pytest.fixture(scope="session")
def full(place, wheel):
    """The wheel with what its extras for dashboard, training and export require."""
    python = environment(place / "full")
    install(python, "--no-deps", wheel, cwd=place)
    link_requirements(python, extras=("app", "train", "onnx"))
    return python
