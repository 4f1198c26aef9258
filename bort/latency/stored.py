"""Profiles in the store: keep one, find the one that a study needs, import one."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace

from bort.core.errors import InvalidProfileError
from bort.core.machine import this_machine
from bort.core.progress import OnStep, ignore
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.kept_rounds import KeptRounds
from bort.latency.profile import LatencyProfile
from bort.latency.runtimes import runtime_kind
from bort.latency.runtimes.text import opening_texts
from bort.latency.space import measure, search_count
from bort.latency.timing import Instruments, never, wait_for_quiet
from bort.latency.workload import TextSource, workload_of
from bort.storage import ProfileKey, ProfileRecord, Store, StudyRecord


def named_profile(store: Store, name: str) -> LatencyProfile:
    """Read a stored profile.

    Raises:
        InvalidProfileError: no such profile, or one that cannot be read.
    """
    return _read(store.profile(name))


def stored_profiles(store: Store) -> list[LatencyProfile]:
    """Read all stored profiles, newest first.

    Raises:
        InvalidProfileError: one of them cannot be read; the message names it.
    """
    return [_read(record) for record in store.profiles()]


def study_profile_of(store: Store, study: str) -> LatencyProfile:
    """Read the profile that a study was searched with.

    Raises:
        UnknownStudyError: no study of that name.
        InvalidProfileError: its latency is not measured yet.
    """
    name = store.study(study).profile
    if name is None:
        raise InvalidProfileError(
            f"the latency of the study {study!r} has not been measured yet; search first: "
            f"bort search --study {study}"
        )
    return named_profile(store, name)


def _check_asked(profile: LatencyProfile, spec: LatencySpec) -> None:
    """Refuse a named profile of another runtime, batch or length than was asked for."""
    usual, measured = LatencySpec(), profile.workload
    for what, asked, default, found in (
        ("runtime", spec.runtime, usual.runtime, profile.runtime),
        ("batch size", spec.batch_size, usual.batch_size, measured.batch_size),
        ("length", spec.sequence_length, usual.sequence_length, measured.sequence_length),
    ):
        if asked not in (default, found):
            raise InvalidProfileError(
                f"profile {profile.name!r} was measured with the {what} {found}, not {asked}; "
                f"leave the {what} out, or the profile, to measure this machine"
            )


def front_profile(store: Store, study: StudyRecord) -> LatencyProfile | None:
    """Read the newest measurement of a study's winners that can be believed, or None.

    One that was stopped early, or whose noise check failed, is kept in the store and not used.
    """
    for record in store.profiles():
        if record.profile.get("study") == study.name and record.created_at >= study.created_at:
            profile = _read(record)
            if profile.complete and profile.noise.ok:
                return profile
    return None


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_new_name(store: Store, name: str) -> str:
    """Check that a new profile may have this name, and return it.

    Raises:
        InvalidProfileError: it is not a valid name, or it is taken.
    """
    if not NAME.fullmatch(name):
        raise InvalidProfileError(
            f"a profile cannot be called {name!r}; use at most 80 letters, digits, dots, dashes "
            "and underscores, beginning with a letter or digit"
        )
    if name in store.profile_dates():
        raise InvalidProfileError(
            f"there is already a latency profile {name!r}, and studies may use it; choose "
            "another name"
        )
    return name


def keep_profile(
    store: Store,
    profile: LatencyProfile,
    key: ProfileKey | None = None,
    *,
    continues: bool = False,
) -> None:
    """Store a measurement. Searches find it by `key` if it is complete and not noisy.

    Args:
        continues: replace what an earlier attempt at the same measurement has stored.
    """
    is_good = profile.complete and profile.noise.ok
    store.put_profile(
        profile.to_dict(), profile.name, key=key if is_good else None, replace=continues
    )


def import_profile(
    store: Store, profile: LatencyProfile, name: str | None = None
) -> LatencyProfile:
    """Store an exported profile, perhaps of another machine; searches use it only by name.

    Raises:
        InvalidProfileError: the name is taken or invalid; architectures that the model was
            fitted on are missing; or it has terms that its family does not have.
    """
    fitted = sum(one.fitted for one in profile.measurements)
    if profile.study is None and fitted != profile.model.fitted_on:
        raise InvalidProfileError(
            f"the profile's model was fitted on {profile.model.fitted_on} architectures, but "
            f"the profile contains {fitted} of them; export it again, or measure here"
        )
    if unknown := profile.unknown_terms():
        raise InvalidProfileError(
            f"the profile's model uses {unknown[0]!r}, which architectures of the family "
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
    measure_anyway: Callable[[], bool] = never,
    texts: TextSource | None = None,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> LatencyProfile | None:
    """Find the profile named in `spec`, or the stored one for this machine, else measure.

    It measures once other programs leave the machine alone, or after `PATIENCE_SECONDS`. A profile
    that the noise check then refuses is stored for this study, and no other search finds it.

    Args:
        measure_anyway: asked while waiting; True measures on the busy machine.
        texts: the task's texts, if `spec` asks for the time from text to label.
        kept: the rounds of an earlier attempt that was killed; keeps those of this one.
    Returns:
        The profile; None if `should_stop` ended the measurement, and then nothing is stored.
    Raises:
        InvalidProfileError: the named profile is missing, damaged, or of another family.
        Whatever `bort.latency.space.measure` raises.
    """
    if spec.profile is not None:
        profile = named_profile(store, spec.profile)
        if profile.family_name != space.family_name:
            raise InvalidProfileError(
                f"profile {profile.name!r} was measured for the family {profile.family_name!r}, "
                f"but {space.name!r} belongs to the family {space.family_name!r}; choose "
                "another profile"
            )
        if spec.text_to_label and not profile.workload.by_vocabulary:
            raise InvalidProfileError(
                f"profile {profile.name!r} times the network alone, not from text to label; leave "
                "--text-to-label out, or leave the profile out to measure this machine"
            )
        _check_asked(profile, spec)
        profile.predict(space)  # refuses a profile that lacks a vocabulary, before anything trains
        return profile
    key = profile_key(space, spec, texts)
    if (found := reusable_profile(store, key)) is not None:
        return found
    runtime_kind(spec.runtime).check_installed()
    tools = instruments or Instruments()
    wait_for_quiet(tools, on_step=on_step, should_stop=should_stop, is_over=measure_anyway)
    # Two searches that start together measure once: the second waits for the lock, and finds the
    # profile that the first has stored.
    with tools.hold(should_stop, True, on_step):
        if (found := reusable_profile(store, key)) is not None:
            return found
        tools = replace(tools, hold=lambda _stop, _wait, _step: contextlib.nullcontext())
        lengths = None if texts is None else texts.read()
        if lengths is not None:
            tools = replace(tools, open_runtime=opening_texts(lengths, tools.open_runtime))
        for step in measure(
            space,
            spec,
            count=search_count(space),
            lengths=lengths,
            should_stop=should_stop,
            instruments=tools,
            kept=kept,
        ):
            found = step.result
            on_step(step)
        if found is None or not found.complete:
            return None
        keep_profile(store, found, key)
        if kept is not None:  # a refused measurement is made anew, not continued
            kept.path.unlink(missing_ok=True)
    return found


def profile_key(
    space: SearchSpace, spec: LatencySpec, texts: TextSource | None = None
) -> ProfileKey:
    """Make the key under which a stored profile can be reused for this space and spec here.

    Args:
        texts: the task's texts, for the time from text to label.
    Raises:
        InvalidOptionError: as `workload_of`, or an unknown runtime.
    """
    workload = workload_of(spec, space)
    libraries = runtime_kind(spec.runtime).libraries
    return ProfileKey(
        fingerprint_digest=this_machine(libraries, threads=workload.threads).digest,
        runtime=spec.runtime,
        space_digest=space.digest,
        texts="" if texts is None else texts.digest,
        batch_size=workload.batch_size,
        sequence_length=workload.sequence_length,
        threads=workload.threads,
    )


def reusable_profile(store: Store, key: ProfileKey) -> LatencyProfile | None:
    """Find the newest profile with this key that the noise check accepts, or None."""
    record = store.find_profile(key)
    found = None if record is None else _read(record)
    # An older bort also gave refused profiles a key.
    return found if found is not None and found.noise.ok else None


def _read(record: ProfileRecord) -> LatencyProfile:
    return LatencyProfile.from_dict(record.profile, origin=f"the stored profile {record.name!r}")
