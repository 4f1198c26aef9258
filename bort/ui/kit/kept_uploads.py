"""A field for a file that stays chosen when the reader visits another page and comes back."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from bort.ui.kit import markup


def ask(label: str, *, endings: Sequence[str], key: str) -> UploadedFile | None:
    """The file that was given last, on this visit of the page or an earlier one."""
    kept_key = f"kept:{key}"

    def changed() -> None:
        if st.session_state[key] is None:
            st.session_state.pop(kept_key, None)

    given = st.file_uploader(label, type=list(endings), key=key, on_change=changed)
    if given is not None:
        st.session_state[kept_key] = given
        return given
    kept: UploadedFile | None = st.session_state.get(kept_key)
    if kept is not None:
        markup.note(f"{kept.name} is still chosen; give another file to replace it.")
    return kept
