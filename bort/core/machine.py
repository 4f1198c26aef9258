"""The machine and software that a latency was measured on.

A latency means nothing without these facts. Reading them imports none of the libraries that they
name, so a page or `bort front` compares fingerprints at no cost.
"""

import functools
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from bort.core.serialise import to_json

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

# What tells two CPUs apart in /proc/cpuinfo: on x86, and on ARM, which names no model.
_CPU_PARTS = (
    *("vendor_id", "cpu family", "model"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part"),
)

_ARM_FEATURES = {
    "asimd": "hw.optional.AdvSIMD",
    "bf16": "hw.optional.arm.FEAT_BF16",
    "i8mm": "hw.optional.arm.FEAT_I8MM",
}

# Kernel releases change weekly and hardly ever move a latency: shown, but not compared.
_SHOWN_ONLY = ("os_release", "python")
_ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The facts that decide a latency.

    Attributes:
        cpu: model name, as the system reports it.
        cpu_details: vendor, family, model and vector instruction sets; a virtual machine often
            hides the model's name, but not these.
        cores: physical cores that this process may use, see `usable_cores`.
        logical_cpus: hardware threads.
        memory_gib: main memory, rounded to whole GiB.
        os: system and processor architecture.
        os_release: kernel release; shown, not compared.
        python: version; shown, not compared.
        libraries: versions of the runtime's libraries.
        threads: threads that the runtime may use.
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
        """SHA-256 of everything compared; machines with equal digests share their profiles."""
        facts = {key: value for key, value in self.to_dict().items() if key not in _SHOWN_ONLY}
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """All facts as JSON values."""
        values: dict[str, Any] = to_json(self)
        return values


def this_machine(libraries: Sequence[str], *, threads: int) -> Fingerprint:
    """Read the fingerprint of this machine for a runtime that uses these distributions."""
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


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact in which two machines or measurements differ.

    Attributes:
        fact: a field of `Fingerprint`, the name of a library, or a field of the workload.
        a, b: its values; a library that is not installed is "absent".
    """

    fact: str
    a: str | int
    b: str | int


def differences(a: Fingerprint, b: Fingerprint) -> list[Difference]:
    """List the differing facts that affect latency; empty if a latency carries over."""
    facts = [
        Difference(name, getattr(a, name), getattr(b, name))
        for name in Fingerprint.__slots__
        if name not in (*_SHOWN_ONLY, "libraries")
    ]
    facts += [
        Difference(name, a.libraries.get(name, _ABSENT), b.libraries.get(name, _ABSENT))
        for name in sorted({*a.libraries, *b.libraries})
    ]
    return [fact for fact in facts if fact.a != fact.b]


@functools.cache
def _cpu() -> tuple[str, str]:
    """Read the CPU's model name, and its family, model and vector flags, if the system has them."""
    facts = _facts()
    name = facts.get("model name") or platform.processor() or platform.machine() or "unknown"
    parts = [facts.get(key, "") for key in _CPU_PARTS]
    return name, " ".join([*filter(None, parts), *vector_flags()]) or "unknown"


def vector_flags() -> list[str]:
    """List the vector instruction sets of the CPU, if the system names them."""
    facts = _facts()
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    return [flag for flag in VECTOR_FLAGS if flag in flags]


def _facts() -> Mapping[str, str]:
    return _sysctl() if platform.system() == "Darwin" else _proc_cpuinfo()


@functools.cache
def _sysctl() -> Mapping[str, str]:
    """Read the CPU's facts on macOS, under the names of /proc/cpuinfo.

    `platform.processor()` is arm on an M1 and on an M4.
    """
    intel = f"{_sysctl_value('machdep.cpu.features')} {_sysctl_value('machdep.cpu.leaf7_features')}"
    arm = [name for name, key in _ARM_FEATURES.items() if _sysctl_value(key) == "1"]
    return {
        "model name": _sysctl_value("machdep.cpu.brand_string"),
        "cpu family": _sysctl_value("hw.cpufamily"),
        "flags": " ".join([*intel.lower().split(), *arm]),
    }


def _sysctl_value(key: str) -> str:
    try:
        done = subprocess.run(
            ["sysctl", "-n", key], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _proc_cpuinfo() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


@functools.cache  # no package changes its version under a running process
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return _ABSENT


def usable_cores() -> int:
    """Count the physical cores that this process may use; "all cores" means these.

    Two threads on one physical core share its arithmetic units, so a second one gains little.
    """
    physical = _physical_cores() or logical_cpus()
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(physical, len(os.sched_getaffinity(0))))
    return physical


@functools.cache
def _physical_cores() -> int | None:
    return psutil.cpu_count(logical=False)


def logical_cpus() -> int:
    """Count the machine's hardware threads, whether or not this process may use them."""
    return psutil.cpu_count(logical=True) or 1
