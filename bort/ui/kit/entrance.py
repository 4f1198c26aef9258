"""Logging in and out of a shared dashboard."""

import time

import streamlit as st

from bort.ui.kit import access, markup


def show() -> None:
    """The page of somebody who may not read."""
    login, claims = access.login(), access.claims()
    with st.container(key="entrance"):
        st.title("Log in", anchor=False)
        is_stranger = (
            login is not None
            and claims.get("is_logged_in")
            and not login.is_over(claims, now=time.time())
        )
        if is_stranger:
            markup.problem(
                f"You are logged in as {_name()}, but this dashboard is not shared with you. Ask "
                "one of its owners, or log in as somebody else."
            )
            st.button("Log out", icon=":material/logout:", key="log-out", on_click=st.logout)
            return
        markup.lead("Studies, models and searches are shown to people who are logged in.")
        st.button(
            "Log in", type="primary", icon=":material/login:", key="log-in", on_click=st.login
        )
        if st.query_params:
            markup.note("Open your link again once you are logged in.")


def account() -> None:
    """Who is logged in, what they may do, and the way out."""
    with st.popover(markup.plain(_name()), icon=":material/account_circle:", key="account"):
        markup.note(
            "You are an owner: you may start, cancel, delete and upload."
            if access.may_change()
            else "You may read everything. Starting, cancelling, deleting and uploading are left "
            "to the owners."
        )
        markup.facts(
            [("Your id", f"sub:{access.claims().get('sub')}", "what the settings call you")]
        )
        st.button("Log out", icon=":material/logout:", key="log-out", on_click=st.logout)


def _name() -> str:
    claims = access.claims()
    return str(claims.get("email") or claims.get("name") or claims.get("sub") or "somebody")
