"""Latency profiles and the store: keep them, find them, bring them from another machine."""

import re
from collections.abc import Callable
from dataclasses import replace

from bort.core.errors import InvalidProfileError
from bort.core.progress import OnStep, ignore
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.profile import LatencyProfile
from bort.latency.runs.space import ensure_profile
from bort.latency.timing import never
from bort.storage import ProfileKey, Store, StudyRecord


def named_profile(store: Store, name: str) -> LatencyProfile:
    """A stored profile.

    Raises:
        InvalidProfileError: no such profile, or one that cannot be read.
    """
    record = store.profile(name)
    return LatencyProfile.from_dict(record.profile, origin=f"the stored profile {name!r}")


def stored_profiles(store: Store) -> list[LatencyProfile]:
    """All stored profiles, the newest first.

    Raises:
        InvalidProfileError: one of them cannot be read; the message names it.
    """
    return [
        LatencyProfile.from_dict(record.profile, origin=f"the stored profile {record.name!r}")
        for record in store.profiles()
    ]


def study_profile_of(store: Store, study: str) -> LatencyProfile:
    """The profile that a study was searched with.

    Raises:
        UnknownStudyError: no study of that name.
        InvalidProfileError: its latency is not measured yet.
    """
    name = store.study(study).profile
    if name is None:
        raise InvalidProfileError(
            f"the latency of the study {study!r} is not measured yet; search first: "
            f"bort search --study {study}"
        )
    return named_profile(store, name)


def front_profile(store: Store, study: StudyRecord) -> LatencyProfile | None:
    """The newest measurement of a study's winners, or None."""
    for record in store.profiles():
        if record.profile.get("study") == study.name and record.created_at >= study.created_at:
            return LatencyProfile.from_dict(
                record.profile, origin=f"the stored profile {record.name!r}"
            )
    return None


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_new_name(store: Store, name: str) -> str:
    """Return `name` if a new profile may be called so.

    Raises:
        InvalidProfileError: it cannot be a name, or is one already.
    """
    if not NAME.fullmatch(name):
        raise InvalidProfileError(
            f"{name!r} cannot name a profile; use letters, digits, dots, dashes and "
            "underscores, beginning with a letter or digit, 80 at most"
        )
    if name in {record.name for record in store.profiles()}:
        raise InvalidProfileError(
            f"a latency profile named {name!r} is stored already, and studies may use it; "
            "choose another name"
        )
    return name


def keep_profile(store: Store, profile: LatencyProfile, key: ProfileKey | None = None) -> None:
    """Store what was measured; searches find it by `key`, but not if it was stopped early."""
    store.put_profile(profile.to_dict(), profile.name, key=key if profile.complete else None)


def import_profile(
    store: Store, profile: LatencyProfile, name: str | None = None
) -> LatencyProfile:
    """Store a profile that was exported, maybe on another machine; it is used by name only.

    Raises:
        InvalidProfileError: the name is taken or cannot be one; architectures that the model was
            fitted on are missing; or it has terms that its family has not.
    """
    fitted = sum(one.fitted for one in profile.measurements)
    if profile.study is None and fitted != profile.model.fitted_on:
        raise InvalidProfileError(
            f"the profile's model was fitted on {profile.model.fitted_on} architectures, and "
            f"{fitted} of them are there; export it again, or measure here"
        )
    if unknown := profile.unknown_terms():
        raise InvalidProfileError(
            f"the profile's model counts {unknown[0]!r}, which architectures of the family "
            f"{profile.family_name!r} do not have; export it again, or measure here"
        )
    named = replace(profile, name=check_new_name(store, name or profile.name))
    keep_profile(store, named)
    return named


def study_profile(
    store: Store,
    space: SearchSpace,
    spec: LatencySpec,
    *,
    on_step: OnStep = ignore,
    should_stop: Callable[[], bool] = never,
) -> LatencyProfile | None:
    """The profile that `spec` names, or the stored one for this machine, or a new measurement.

    Returns:
        None where `should_stop` ended the measurement; nothing is stored then.
    Raises:
        InvalidProfileError: the named profile is missing, damaged, or of another family.
        As `bort.latency.runs.space.measure` besides.
    """
    if spec.profile is not None:
        profile = named_profile(store, spec.profile)
        if profile.family_name != space.family_name:
            raise InvalidProfileError(
                f"profile {profile.name!r} was measured for the family {profile.family_name!r}, "
                f"and {space.name!r} is of the family {space.family_name!r}; name another"
            )
        return profile

    def find(key: ProfileKey) -> dict[str, object] | None:
        record = store.find_profile(key)
        return None if record is None else dict(record.profile)

    def save(profile: LatencyProfile, key: ProfileKey) -> None:
        store.put_profile(profile.to_dict(), profile.name, key=key)

    return ensure_profile(
        space, spec, find=find, save=save, on_step=on_step, should_stop=should_stop
    )
