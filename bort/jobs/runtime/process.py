"""Identify processes, check whether they are alive, and signal only the right ones.

Sooner or later, another process reuses a pid. So a process is identified by host, pid, start and
boot, and is compared with what runs now before it is called alive or sent a signal.
"""

import os
import signal
import socket
from functools import cache
from pathlib import Path

import psutil

from bort.storage import ProcessIdentity

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_DIFFERENCE_S = 1.0  # two readings of the same start differ by less


def this_process() -> ProcessIdentity:
    """Return the identity of this process."""
    found = identify(os.getpid())
    assert found is not None, "this process is alive"
    return found


def identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of a process on this machine; None if it is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessIdentity(socket.gethostname(), pid, _started(process), _boot_id())
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None


def is_here(process: ProcessIdentity) -> bool:
    """Return whether the process runs on this machine, where we can see if it is alive."""
    return process.host == socket.gethostname()


def is_alive(process: ProcessIdentity) -> bool:
    """Return whether exactly this process is alive here, and not another with the same pid."""
    now = identify(process.pid)
    return (
        now is not None
        and now.host == process.host
        and now.boot_id == process.boot_id
        and abs(now.started - process.started) < _START_DIFFERENCE_S
    )


def send_signal(process: ProcessIdentity, number: signal.Signals, *, group: bool) -> bool:
    """Signal a process, or with `group` its whole process group.

    The group is signalled only if the process leads its own session: a foreground job
    shares its group with the shell or script that started it.

    Returns:
        False if the process is gone or is not ours to signal.
    """
    if not is_alive(process):
        return False
    try:
        if group and os.getsid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _started(process: psutil.Process) -> float:
    """Return the start time in seconds, on Linux since boot, because clocks can be changed."""
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        return process.create_time()
    fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): field 22, starttime


@cache
def _boot_id() -> str:
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return f"{psutil.boot_time():.0f}"
