"""The server of a shared dashboard: its login, and what it refuses before any page runs."""

import os
from typing import Any

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bort.core.sharing import PREFIX, Sharing, read_sharing
from bort.ui.kit import access

_UPLOADS = "/_stcore/upload_file/"  # then the session and the file


def begin(*, lessons_alone: bool) -> Sharing:
    """Read the settings and share this process's dashboard; jobs do not inherit the secrets."""
    sharing = read_sharing(os.environ, lessons_alone=lessons_alone)
    access.share(sharing)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    return sharing


def secrets(sharing: Sharing) -> dict[str, Any]:
    """The login, as `st.login` wants it. No secrets file is read."""
    login = sharing.login
    if login is None:
        return {}
    return {
        "auth": {
            "redirect_uri": sharing.redirect_url,
            "cookie_secret": login.cookie_secret,
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "server_metadata_url": login.metadata_url,
        }
    }


def middleware() -> list[Middleware]:
    """What sees each request before Streamlit does."""
    return [Middleware(UploadGuard)]


class UploadGuard:
    """Refuses uploads from everybody but owners, before a byte of them is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            _, _, rest = scope["path"].partition(_UPLOADS)
            if not access.may_upload(rest.partition("/")[0]):
                refusal = PlainTextResponse("Only an owner may upload.", status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
