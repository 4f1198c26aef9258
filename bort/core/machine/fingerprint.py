"""Which machine, with which software, a latency was measured on.

A latency is only worth something beside these facts. Reading them imports none of the libraries
they name, so that a page or `bort front` can compare fingerprints at no cost.
"""

import functools
import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from bort.core.machine.cores import logical_cpus, usable_cores

GIB = 2**30

# Instruction sets that decide which kernels the runtimes choose.
VECTOR_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_bf16",
    "avx512_vnni",
    "amx_tile",
    "asimd",
    "bf16",
    "i8mm",
)

# Kernel releases change weekly and hardly ever move a latency: shown, but not compared.
_SHOWN_ONLY = ("os_release", "python")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The facts that decide a latency.

    Attributes:
        cpu: model name, as the system tells it.
        cpu_details: vendor, family, model and vector instruction sets; a virtual machine often
            hides the model's name, but not these.
        cores: usable physical cores, see `usable_cores`.
        logical_cpus: hardware threads.
        memory_gib: main memory, rounded to whole GiB.
        os: system and processor architecture.
        os_release: kernel release; shown, not compared.
        python: version; shown, not compared.
        libraries: versions of what the runtime consists of.
        threads: threads that the runtime was given.
    """

    cpu: str
    cpu_details: str
    cores: int
    logical_cpus: int
    memory_gib: int
    os: str
    os_release: str
    python: str
    libraries: Mapping[str, str]
    threads: int

    @property
    def digest(self) -> str:
        """SHA-256 of all that is compared; equal digests may share a profile."""
        facts = {key: value for key, value in self.to_dict().items() if key not in _SHOWN_ONLY}
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """All facts as JSON values."""
        return {**asdict(self), "libraries": dict(self.libraries)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Fingerprint":
        """Inverse of `to_dict`; unknown keys (`digest`) are left out.

        Raises:
            KeyError: a fact is missing.
        """
        return cls(**{name: facts[name] for name in cls.__slots__})


def this_machine(libraries: Sequence[str], *, threads: int) -> Fingerprint:
    """The fingerprint of this machine for a runtime made of these distributions."""
    cpu, details = _cpu()
    return Fingerprint(
        cpu=cpu,
        cpu_details=details,
        cores=usable_cores(),
        logical_cpus=logical_cpus(),
        memory_gib=round(psutil.virtual_memory().total / GIB),
        os=f"{platform.system()} {platform.machine()}",
        os_release=platform.release(),
        python=platform.python_version(),
        libraries={name: _version(name) for name in libraries},
        threads=threads,
    )


def differences(a: Fingerprint, b: Fingerprint) -> list[str]:
    """What differs, one phrase each, in words; empty where a latency carries over."""
    phrases = []
    for key, title in _TITLES.items():
        one, other = getattr(a, key), getattr(b, key)
        if one != other:
            phrases.append(f"{title} {one} against {other}")
    for name in sorted({*a.libraries, *b.libraries}):
        one, other = a.libraries.get(name, "absent"), b.libraries.get(name, "absent")
        if one != other:
            phrases.append(f"{name} {one} against {other}")
    return phrases


_TITLES = {
    "cpu": "CPU",
    "cpu_details": "processor family, model and vector units",
    "cores": "cores",
    "logical_cpus": "hardware threads",
    "memory_gib": "memory (GiB)",
    "os": "system",
    "threads": "threads",
}


@functools.cache
def _cpu() -> tuple[str, str]:
    """Model name, and vendor/family/model with vector flags; what the system tells of them."""
    facts = _proc_cpuinfo()
    name = facts.get("model name") or platform.processor() or platform.machine() or "unknown"
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    parts = [facts.get(key, "") for key in ("vendor_id", "cpu family", "model")]
    vectors = [flag for flag in VECTOR_FLAGS if flag in flags]
    return name, " ".join([part for part in parts if part] + vectors) or "unknown"


def _proc_cpuinfo() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"
