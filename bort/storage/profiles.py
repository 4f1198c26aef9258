"""Latency profiles: measured once per machine and kept."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bort.core.errors import InvalidProfileError
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.records import ProfileKey, ProfileRecord

_KEYS = tuple(ProfileKey.__dataclass_fields__)


class Profiles:
    """The part of the store that keeps latency profiles."""

    _db: Database

    def put_profile(
        self,
        profile: Mapping[str, Any],
        name: str,
        *,
        key: ProfileKey | None = None,
        replace: bool = False,
    ) -> ProfileRecord:
        """Store a profile; storing the same one again is harmless.

        Args:
            profile: `LatencyProfile.to_dict()`.
            name: unique in the store.
            key: the key for `find_profile`; without one, it is found by name only.
            replace: overwrite another profile of that name, which changes the answers of the
                studies that use it.
        Raises:
            InvalidProfileError: another profile has that name.
        """
        try:
            with self._db.writing() as connection:
                put_profile(connection, profile, name, key=key, replace=replace)
        except IntegrityError:  # another process stored it in between (impossible with SQLite)
            return self.put_profile(profile, name, key=key, replace=replace)
        return self.profile(name)

    def profile(self, name: str) -> ProfileRecord:
        """Read one profile.

        Raises:
            InvalidProfileError: no profile of that name.
        """
        table = schema.profiles
        with self._db.reading() as connection:
            row = connection.execute(table.select().where(table.c.name == name)).one_or_none()
            names = connection.scalars(sa.select(table.c.name).order_by(table.c.id)).all()
        if row is None:
            known = f"stored profiles: {', '.join(names)}" if names else "none is stored yet"
            raise InvalidProfileError(
                f"there is no latency profile {name!r}; {known}; measure one with: bort latency "
                "measure"
            )
        return _record(row)

    def profiles(self) -> list[ProfileRecord]:
        """Return all profiles, newest first."""
        table = schema.profiles
        query = table.select().order_by(table.c.created_at.desc(), table.c.id.desc())
        with self._db.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def profile_dates(self) -> dict[str, float]:
        """Return when each profile was stored, by name, newest first; reads no profile."""
        table = schema.profiles
        order = table.c.created_at.desc(), table.c.id.desc()
        query = sa.select(table.c.name, table.c.created_at).order_by(*order)
        with self._db.reading() as connection:
            return {row.name: row.created_at for row in connection.execute(query)}

    def find_profile(self, key: ProfileKey) -> ProfileRecord | None:
        """Return the newest profile measured under exactly these conditions, or None."""
        table = schema.profiles
        query = (
            table.select()
            .where(*(table.c[name] == value for name, value in asdict(key).items()))
            .order_by(table.c.created_at.desc(), table.c.id.desc())
            .limit(1)
        )
        with self._db.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _record(row)


def put_profile(
    connection: sa.Connection,
    profile: Mapping[str, Any],
    name: str,
    *,
    key: ProfileKey | None,
    replace: bool = False,
) -> None:
    """Store a profile within the caller's transaction; see `Profiles.put_profile`."""
    table = schema.profiles
    stored = connection.execute(table.select().where(table.c.name == name)).one_or_none()
    values: dict[str, Any] = dict.fromkeys(_KEYS) if key is None else asdict(key)
    values |= {"name": name, "profile": profile}
    if stored is None:
        connection.execute(table.insert().values(created_at=time.time(), **values))
    elif stored.profile == schema.storable(profile):
        return
    elif replace:
        connection.execute(
            table.update().where(table.c.name == name).values(created_at=time.time(), **values)
        )
    else:
        raise InvalidProfileError(
            f"there is already a latency profile {name!r}; choose another name or delete it first"
        )


def _record(row: Any) -> ProfileRecord:
    has_key = row.fingerprint_digest is not None
    return ProfileRecord(
        name=row.name,
        profile=row.profile,
        created_at=row.created_at,
        key=ProfileKey(*(getattr(row, name) for name in _KEYS)) if has_key else None,
    )
