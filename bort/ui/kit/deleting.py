"""The delete button, which asks first and names whatever still uses the thing."""

from collections.abc import Callable

import streamlit as st

from bort import jobs
from bort.core.errors import BortError
from bort.report.deleting import question, still_used
from bort.storage import Thing
from bort.ui.kit import access, frame, markup, readings


def button(thing: Thing, *, key: str, leave: Callable[[], None]) -> None:
    """Offer an owner to delete a thing.

    Args:
        leave: removes the thing from the address, so that the page no longer shows it.
    """
    if not access.may_change():
        return
    try:
        found = jobs.deletion(readings.store(), thing)
    except BortError:
        return  # it was deleted meanwhile
    with st.popover("Delete", icon=":material/delete:", key=f"{key}-ask"):
        if found.used_by:
            markup.notice(still_used(found))
            return
        markup.note(question(found))
        st.button(
            f"Delete this {thing.kind}",
            type="primary",
            icon=":material/delete_forever:",
            key=key,
            on_click=_delete,
            args=(thing, leave),
        )


def _delete(thing: Thing, leave: Callable[[], None]) -> None:
    with frame.clear_errors():
        try:
            jobs.delete(readings.store_to_change(), thing)
        finally:
            leave()
