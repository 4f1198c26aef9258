"""With whom a dashboard is shared, and what each of them may do.

Settings come from a file that only its owner can read, or from variables. They never come from a
command line, which everybody on the machine can read.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bort.core import paths
from bort.core.errors import SharingError
from bort.core.inputs import read_input

SESSION_S = 12 * 3600.0  # how long a login lasts; Streamlit's own cookie lasts 30 days
SHORTEST_SECRET = 32  # characters
PREFIX = "BORT_SHARE_"
NEEDED = ("url", "client_id", "client_secret", "metadata_url", "cookie_secret")

_LOCAL = ("127.0.0.1", "localhost")
_LISTS = ("owners", "viewers")
_KNOWN = (*NEEDED, *_LISTS, "address")
_LARGEST_FILE = 1 << 20


class Access(Enum):
    """What somebody may do."""

    NONE = "none"
    READ = "read"
    CHANGE = "change"

    @property
    def may_read(self) -> bool:
        """Whether they may see studies, jobs and models."""
        return self is not Access.NONE

    @property
    def may_change(self) -> bool:
        """Whether they may start, cancel, delete and upload."""
        return self is Access.CHANGE


@dataclass(frozen=True, slots=True)
class Login:
    """The OpenID Connect provider, and what its people may do.

    Attributes:
        owners: verified e-mail addresses, or `sub:ID` with the provider's own id of a person.
        viewers: the same, or `*@example.com`, or `*` for everybody whom the provider lets in.
    """

    client_id: str
    client_secret: str = field(repr=False)
    metadata_url: str
    cookie_secret: str = field(repr=False)
    owners: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        _check_url("metadata_url", self.metadata_url)
        if len(self.cookie_secret) < SHORTEST_SECRET:
            raise SharingError(
                f"cookie_secret has {len(self.cookie_secret)} characters, but at least "
                f"{SHORTEST_SECRET} are needed; make one with: openssl rand -hex 32"
            )
        for name in self.owners:
            if "*" in name or not ("@" in name or name.startswith("sub:")):
                raise SharingError(
                    f"owners has {name!r}, which is neither an e-mail address nor sub:ID; name "
                    "each owner"
                )

    def access(self, claims: Mapping[str, Any], *, now: float) -> Access:
        """Decide what somebody may do.

        Args:
            claims: what the provider says of them, and `is_logged_in`.
            now: seconds since 1970.
        """
        if not claims.get("is_logged_in") or self.is_over(claims, now=now):
            return Access.NONE
        names = {f"sub:{claims.get('sub')}"}
        email = str(claims.get("email", "")).casefold()
        is_email = "@" in email and not email.startswith("sub:")
        if is_email and claims.get("email_verified") in (True, "true"):  # else it may be another's
            names |= {email, f"*@{email.rpartition('@')[2]}"}
        if names & {_folded(name) for name in self.owners}:
            return Access.CHANGE
        is_viewer = (names | {"*"}) & {_folded(name) for name in self.viewers}
        return Access.READ if is_viewer else Access.NONE

    def is_over(self, claims: Mapping[str, Any], *, now: float) -> bool:
        """Whether the login is too old, or does not say how old it is."""
        since = claims.get("iat")
        return not isinstance(since, int | float) or now - since > SESSION_S


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a dashboard is shared.

    Attributes:
        url: where people open it, with its path.
        address: the address of this machine to listen on.
        login: None serves the lessons alone.
    """

    url: str = "http://127.0.0.1"
    address: str = "127.0.0.1"
    login: Login | None = None

    def __post_init__(self) -> None:
        _check_url("url", self.url, is_public=self.login is None)
        try:
            ip_address(self.address)
        except ValueError:
            raise SharingError(
                f"address is {self.address!r}, which is no IP address; use 127.0.0.1 behind a "
                "proxy on this machine"
            ) from None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which it may be called."""
        host = urlsplit(self.url).hostname or ""
        return _LOCAL if host in _LOCAL else (host,)

    @property
    def base_path(self) -> str:
        """The path below which it is served; often empty."""
        return urlsplit(self.url).path.strip("/")

    @property
    def redirect_url(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.url.rstrip('/')}/oauth2callback"


def read_sharing(environ: Mapping[str, str], *, lessons_alone: bool = False) -> Sharing:
    """Read the settings from `$BORT_SHARE_FILE`, or `share.toml` in the home folder, and variables.

    A variable wins over the file.

    Raises:
        SharingError: a setting is missing or wrong, or others can read the file.
    """
    chosen = environ.get(f"{PREFIX}FILE")
    file = paths.expanded(chosen).absolute() if chosen else paths.home() / "share.toml"
    found = {} if not chosen and not file.exists() else _from_file(file)
    for name in _KNOWN:
        text = environ.get(PREFIX + name.upper(), "").strip()
        if text:
            found[name] = _split(text) if name in _LISTS else text
    missing = [] if lessons_alone else [name for name in NEEDED if not found.get(name)]
    if missing:
        raise SharingError(
            f"the dashboard cannot be shared without {', '.join(missing)}; write "
            f"{'it' if len(missing) == 1 else 'them'} into {file}, or set "
            f"{', '.join(PREFIX + name.upper() for name in missing)} (docs/sharing.md)"
        )
    place = {name: found.pop(name) for name in ("url", "address") if name in found}
    return Sharing(**place, login=None if lessons_alone else Login(**found))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        facts = path.stat()
        content = read_input(path, most=_LARGEST_FILE)
    except OSError as error:
        raise SharingError(f"cannot read {path}: {error.strerror}; check {PREFIX}FILE") from None
    _check_private(path, facts)
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise SharingError(
            f"{path} is not TOML: {error}; docs/sharing.md has one to copy"
        ) from None
    return {name: _checked(path, name, value) for name, value in found.items()}


def _check_private(path: Path, facts: os.stat_result) -> None:
    if facts.st_uid != os.getuid():
        raise SharingError(f"{path} belongs to somebody else; make a file of your own")
    others = stat.S_IMODE(facts.st_mode) & 0o077
    if others:
        raise SharingError(
            f"others can read {path} (mode {stat.S_IMODE(facts.st_mode):04o}), and it holds "
            f"secrets; run: chmod 600 {path}"
        )


def _checked(path: Path, name: str, value: object) -> Any:
    if name not in _KNOWN:
        raise SharingError(f"{path} has the unknown setting {name!r}; known: {', '.join(_KNOWN)}")
    if name in _LISTS:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise SharingError(f"{name} in {path} must be a list of texts in quotes")
    if not isinstance(value, str):
        raise SharingError(f"{name} in {path} must be a text in quotes")
    return value


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _folded(name: str) -> str:
    return name if name.startswith("sub:") else name.strip().casefold()


def _check_url(name: str, url: str, *, is_public: bool = False) -> None:
    """Refuse an address that is none, or over which a login could be read on the way."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- raises if it is none
    except ValueError as error:
        raise SharingError(f"{name} is no address: {error}; got {url!r}") from None
    may_be_plain = is_public or parts.hostname in _LOCAL
    if not parts.hostname or parts.scheme not in ("https", *(["http"] if may_be_plain else [])):
        raise SharingError(
            f"{name} must begin with https://, got {url!r}; only on this machine may it be http"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise SharingError(f"{name} must be a plain address, got {url!r}")
