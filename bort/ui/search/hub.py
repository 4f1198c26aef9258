"""A data set of the hub: loaded on request, in a process of its own, while the page stays free."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TypeVar

import streamlit as st

from bort.core.errors import BortError
from bort.core.study import TaskSpec
from bort.studies import hub_look
from bort.studies.data_look import DataLook, FirstRows
from bort.ui.kit import hidden, markup

POLL_S = 1.0

T = TypeVar("T")
_one_at_a_time = Lock()


def first_rows(task: str, count: int) -> FirstRows | None:
    """Offer to load a data set; return its first rows once it is loaded."""
    if not st.toggle("Load it now, to see its columns and first rows", key=f"hub:{task}"):
        markup.note(
            "Without loading it, name its columns below. The search downloads it when it starts."
        )
        return None
    return _show(_rows(task, count), "Loading it", again=lambda: _rows.clear(task, count))


def look(spec: TaskSpec) -> DataLook | None:
    """Return what its texts are like, once that is known."""
    return _show(_texts(spec), "Looking at the texts", again=lambda: _texts.clear(spec))


@st.cache_resource(show_spinner=False, max_entries=16)
def _rows(task: str, count: int) -> "Future[FirstRows]":
    request = {"task": TaskSpec(task=task).to_dict(), "count": count}
    return _begun(lambda: hub_look.ask(request, FirstRows))


@st.cache_resource(show_spinner=False, max_entries=16)
def _texts(spec: TaskSpec) -> "Future[DataLook]":
    return _begun(lambda: hub_look.ask({"task": spec.to_dict()}, DataLook))


def _begun(work: Callable[[], T]) -> "Future[T]":
    future: Future[T] = Future()

    def run() -> None:
        with _one_at_a_time:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

    Thread(target=run, name="hub", daemon=True).start()  # a stopped dashboard does not wait for it
    return future


def _show(future: "Future[T]", doing: str, *, again: Callable[[], None]) -> T | None:
    if not future.done():

        def wait() -> None:
            if future.done():
                st.rerun()
            markup.note(f"{doing} in a process of its own. You can go on meanwhile.")

        st.fragment(wait, run_every=hidden.pace(POLL_S))()
        return None
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, BortError):
        raise error
    markup.problem(str(error))
    st.button("Try again", icon=":material/refresh:", key=f"hub-again:{doing}", on_click=again)
    return None
