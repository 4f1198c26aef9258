"""How many cores there are to compute on: the one count that everything uses."""

import os

import psutil


def usable_cores() -> int:
    """Physical cores that this process may use: what "all cores" means everywhere.

    Two threads on one physical core share its arithmetic units, so a second one gains little.
    """
    physical = psutil.cpu_count(logical=False) or logical_cpus()
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(physical, len(os.sched_getaffinity(0))))
    return physical


def logical_cpus() -> int:
    """Hardware threads of the machine, whether this process may use them or not."""
    return psutil.cpu_count(logical=True) or 1
