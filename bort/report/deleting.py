"""The sentences about deleting: the question, and what still uses a thing."""

from collections.abc import Sequence

from bort.storage import Deletion, Thing, ThingKind

_PLURALS = {
    ThingKind.STUDY: "the studies",
    ThingKind.PROFILE: "the profiles",
    ThingKind.MODEL: "the models",
    ThingKind.JOB: "jobs",
}
_SHOWN = 5  # names in a sentence


def named(thing: Thing) -> str:
    """The thing as a sentence calls it.

    Examples:
        >>> named(Thing(ThingKind.STUDY, "reviews")), named(Thing(ThingKind.JOB, "3"))
        ("the study 'reviews'", 'job 3')
    """
    if thing.kind is ThingKind.JOB:
        return f"job {thing.name}"
    kind = "latency profile" if thing.kind is ThingKind.PROFILE else thing.kind
    return f"the {kind} {thing.name!r}"


def question(deletion: Deletion) -> str:
    """Ask whether to delete it, and say what goes with it.

    Examples:
        >>> question(Deletion(Thing(ThingKind.STUDY, "reviews"), (), {"evaluations": 28}))
        "Delete the study 'reviews' with 28 evaluations? This cannot be undone."
    """
    counts = [
        f"{count:,} {name if count != 1 else name.removesuffix('s')}"
        for name, count in deletion.contents.items()
        if count
    ]
    if deletion.folder is not None:
        counts.append("its files")
    contents = f" with {_list(counts)}" if counts else ""
    return f"Delete {named(deletion.thing)}{contents}? This cannot be undone."


def still_used(deletion: Deletion) -> str:
    """Say what still uses it and what to do; empty if nothing does.

    Examples:
        >>> study = Thing(ThingKind.STUDY, "reviews")
        >>> still_used(Deletion(Thing(ThingKind.PROFILE, "laptop"), (study,), {}))
        "The latency profile 'laptop' is still used by the study 'reviews'. Delete that first."
    """
    if not deletion.used_by:
        return ""
    what = named(deletion.thing)
    subject = what[:1].upper() + what[1:]
    jobs = [thing for thing in deletion.used_by if thing.kind is ThingKind.JOB]
    if deletion.thing in jobs:
        return f"{subject} is still running. Cancel it first: bort jobs cancel {jobs[0].name}"
    others = [thing for thing in deletion.used_by if thing.kind is not ThingKind.JOB]
    users = _list([*_grouped(others), *_grouped(jobs)])
    if jobs and not others:
        remedy = f"Cancel {'that' if len(jobs) == 1 else 'those'} first: " + ", ".join(
            f"bort jobs cancel {job.name}" for job in jobs[:_SHOWN]
        )
        return f"{subject} is still used by {users}. {remedy}"
    remedy = "Delete that first." if len(deletion.used_by) == 1 else "Delete those first."
    return f"{subject} is still used by {users}. {remedy}"


def _grouped(things: Sequence[Thing]) -> list[str]:
    """The things by kind: one by its full name, several as a list."""
    groups = []
    for kind in ThingKind:
        found = [thing for thing in things if thing.kind is kind]
        if len(found) == 1:
            groups.append(named(found[0]))
        elif found:
            names = [thing.name for thing in found[:_SHOWN]]
            if len(found) > len(names):
                names.append(f"{len(found) - len(names)} more")
            groups.append(f"{_PLURALS[kind]} {_list(names)}")
    return groups


def _list(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
