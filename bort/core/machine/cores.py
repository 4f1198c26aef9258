"""The number of usable cores, counted in one place."""

import os

import psutil


def usable_cores() -> int:
    """Count the physical cores that this process may use; "all cores" means these.

    Two threads on one physical core share its arithmetic units, so a second one gains little.
    """
    physical = psutil.cpu_count(logical=False) or logical_cpus()
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(physical, len(os.sched_getaffinity(0))))
    return physical


def logical_cpus() -> int:
    """Count the machine's hardware threads, whether or not this process may use them."""
    return psutil.cpu_count(logical=True) or 1
