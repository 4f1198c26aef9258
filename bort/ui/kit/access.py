"""What the person at this page may do. On a dashboard of one's own that is everything.

Pages hide what somebody may not do. The functions that do it ask here again, because a browser can
ask for what its page does not show.
"""

import time
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bort.core.errors import ForbiddenError
from bort.core.sharing import SESSION_S, Access, Login, Sharing
from bort.ui.kit import markup

_shared: Sharing | None = None
_uploaders: dict[str, float] = {}
"""The sessions whose person may upload, and until when."""


def share(sharing: Sharing) -> None:
    """Share this process's dashboard; said once, before its first page."""
    global _shared
    _shared = sharing


def login() -> Login | None:
    """The login of a shared dashboard; None if there is none."""
    return None if _shared is None else _shared.login


def has_lessons_alone() -> bool:
    """Whether only the lessons are served: no store, no jobs, no login."""
    return _shared is not None and _shared.login is None


def access() -> Access:
    """What the person at this page may do with studies, jobs and models."""
    if _shared is None:
        return Access.CHANGE
    if _shared.login is None:
        return Access.NONE
    return _shared.login.access(claims(), now=time.time())


def claims() -> dict[str, Any]:
    """What the provider says of the person at this page; empty outside of a page."""
    return dict(st.user.to_dict()) if get_script_run_ctx(suppress_warning=True) else {}


def may_change() -> bool:
    """Whether to offer what changes something."""
    return access().may_change


def check_may_read() -> None:
    """Refuse what only people who are logged in may see.

    Raises:
        ForbiddenError: they may not.
    """
    if not access().may_read:
        raise ForbiddenError(
            "only the lessons are served here"
            if has_lessons_alone()
            else "this is shown only to people who are logged in; load the page again"
        )


def check_may_change() -> None:
    """Refuse what only owners may do.

    Raises:
        ForbiddenError: they may not.
    """
    if not may_change():
        raise ForbiddenError(
            "only an owner of this dashboard may start, cancel, delete or upload; ask one of them"
        )


def offer(what: str) -> bool:
    """Return whether to offer something; to a reader, say who can do it instead."""
    if may_change():
        return True
    markup.notice(f"{what} is left to the owners of this dashboard. You can read everything.")
    return False


def note_session() -> None:
    """Remember whether this session may upload; uploads do not pass through a page."""
    context = get_script_run_ctx()
    if _shared is None or context is None:
        return
    now = time.time()
    for session in [one for one, until in list(_uploaders.items()) if until < now]:
        _uploaders.pop(session, None)
    if may_change():
        _uploaders[context.session_id] = float(claims()["iat"]) + SESSION_S
    else:
        _uploaders.pop(context.session_id, None)


def may_upload(session: str) -> bool:
    """Whether the person of a session may upload."""
    return _uploaders.get(session, 0.0) > time.time()
