"""Words for what `bort doctor` finds."""

from collections.abc import Mapping
from typing import Any

from bort.core.machine import GIB

MARKS = {"ok": "✓", "note": "•", "problem": "✗"}
_MIB = 2**20
_LISTED = 5


def finding_sentence(check: str, facts: Mapping[str, Any]) -> str:
    """Say what a check found and, where there is something to do, what.

    Examples:
        >>> print(finding_sentence("jobs", {"count": 3, "unfinished": [2]}))
        3 jobs. Unfinished: 2. Continue one with: bort jobs resume 2
        >>> print(finding_sentence("lock", {"holder": None}))
        Nobody is measuring latency.
    """
    if (error := facts.get("error")) is not None:
        return str(error)
    return _WORDS[check](facts)


def _versions(facts: Mapping[str, Any]) -> str:
    named = [f"{name} {version}" for name, version in facts["libraries"].items() if version]
    absent = [name for name, version in facts["libraries"].items() if not version]
    missing = f" Not installed: {', '.join(absent)}." if absent else ""
    return f"bort {facts['bort']}, Python {facts['python']}, {', '.join(named)}.{missing}"


def _disk(facts: Mapping[str, Any]) -> str:
    used = ", ".join(f"{name} {size / _MIB:,.0f} MiB" for name, size in facts["used"].items())
    return f"{facts['free'] / GIB:,.1f} GiB free. {facts['home']}: {used}."


def _store(facts: Mapping[str, Any]) -> str:
    return f"{facts['store']}: {facts['studies']} studies, {facts['models']} models."


def _files(facts: Mapping[str, Any]) -> str:
    return f"Files are shared with other machines in {facts['files']}."


def _lock(facts: Mapping[str, Any]) -> str:
    who = facts["holder"]
    return "Nobody is measuring latency." if who is None else f"Latency is measured by {who}."


def _tasks(facts: Mapping[str, Any]) -> str:
    if not facts["missing"]:
        return "All named tasks are prepared."
    return f"Not prepared: {', '.join(facts['missing'])}. Fetch them with: bort data prepare"


def _source(facts: Mapping[str, Any]) -> str:
    if facts["folder"] is None:
        return "The source network is not here yet. Fetch it with: bort data prepare"
    return f"The source network is in {facts['folder']}."


def _jobs(facts: Mapping[str, Any]) -> str:
    if not facts["unfinished"]:
        return f"{facts['count']} jobs, none of them unfinished."
    first = facts["unfinished"][0]
    return (
        f"{facts['count']} jobs. Unfinished: {_listed(facts['unfinished'])}. "
        f"Continue one with: bort jobs resume {first}"
    )


def _profiles(facts: Mapping[str, Any]) -> str:
    if not facts["stale"]:
        return f"{facts['count']} latency profiles, all valid here."
    return (
        f"{facts['count']} latency profiles. Of another machine or other software: "
        f"{_listed(facts['stale'])}. Searches here measure again."
    )


def _leftovers(facts: Mapping[str, Any]) -> str:
    if not facts["folders"]:
        return "No files are left over."
    return (
        f"Files of no job or model in this store, {facts['bytes'] / _MIB:,.0f} MiB: "
        f"{_listed(facts['folders'])}. They are another store's, or can be deleted."
    )


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(str, values[:_LISTED]))
    return shown if len(values) <= _LISTED else f"{shown} and {len(values) - _LISTED} more"


_WORDS = {
    "versions": _versions,
    "disk": _disk,
    "store": _store,
    "files": _files,
    "lock": _lock,
    "tasks": _tasks,
    "source network": _source,
    "jobs": _jobs,
    "profiles": _profiles,
    "leftovers": _leftovers,
}
