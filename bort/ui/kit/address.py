"""State that a page keeps in its address, so that a reload or a link shows the same."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st

from bort.core.errors import BortError
from bort.core.fields import fields_of
from bort.core.kinds import format_number
from bort.core.question import Question, check_weights
from bort.core.size import SizeUnit
from bort.studies.choosing import Limits

_NEW = "new"
_PICKS_IN_CHARTS = "picks-in-charts"

# What the menu keeps when the page changes; a link to another study drops the rest.
_KEPT = (
    "study",
    "table",
    "columns",
    "pick",
    "with",
    "also",
    "epsilon",
    "weights",
    "size",
    "at-most",
    "hide",
    "view",
)
_LESSON = "lesson"  # its settings have the same names and another meaning: `epsilon`, `hide`


def keep(page: str) -> None:
    """Carry study, pick, question and view to a page that the menu opened without them."""
    last_page, last = st.session_state.get("address", (page, {}))
    if page == _LESSON:
        st.session_state["address"] = (page, last)
        return
    is_same = all(
        st.query_params.get(name, last.get(name)) == last.get(name) for name in ("study", "table")
    )
    if page != last_page and is_same:
        for name in _KEPT:
            if name in last and name not in st.query_params:
                st.query_params[name] = last[name]
    here = {name: st.query_params[name] for name in _KEPT if name in st.query_params}
    st.session_state["address"] = (page, here)


def page() -> str:
    """The path of the page that runs; "" is that of Home."""
    return str(st.session_state.get("address", ("", {}))[0])


def study() -> str | None:
    """The study's name, `?study=`."""
    return _get("study")


def choose_study(name: str) -> None:
    """Change the study, and drop pick, epsilon and weights, which belonged to the old one."""
    st.query_params.from_dict({"study": name})


def leave_study() -> None:
    """Remove the study from the address."""
    st.query_params.clear()


def table() -> str | None:
    """The table that was brought along, `?table=0123456789abcdef/bench.csv`."""
    return _get("table")


def choose_table(reference: str) -> None:
    """Look at a table; whatever belonged to a study or another table is dropped."""
    st.query_params.from_dict({"table": reference})


def columns() -> dict[str, Any] | None:
    """Which columns of the table are what, `?columns={"size":"params",...}`."""
    try:
        found = json.loads(_get("columns") or "null")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def choose_columns(values: dict[str, Any] | None) -> None:
    """Change which columns are what; None asks again."""
    text = None if values is None else json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    _set("columns", text)


def pick() -> str | None:
    """The picked architecture's id, `?pick=`."""
    return _get("pick")


def choose_pick(architecture_id: str | None) -> None:
    """Change the pick; None removes it."""
    _set("pick", architecture_id)


def choose_pick_in_chart(architecture_id: str) -> None:
    """Change the pick, and redraw the table so that it shows the pick as selected."""
    choose_pick(architecture_id)
    st.session_state[_PICKS_IN_CHARTS] = picks_in_charts() + 1


def picks_in_charts() -> int:
    """How many times a mark was picked in this session."""
    return int(st.session_state.get(_PICKS_IN_CHARTS, 0))


def compared() -> tuple[str, ...]:
    """The architectures next to the pick, `?with=1-2-64-128,2-2-64-128`."""
    return tuple(unquote(name) for name in (_get("with") or "").split(",") if name)


def compare(names: Sequence[str]) -> None:
    """Change what is shown next to the pick."""
    _set("with", ",".join(quote(name, safe="") for name in dict.fromkeys(names)) or None)


def also() -> tuple[str, ...]:
    """The other studies on the same charts, `?also=mine,yours`."""
    return tuple(filter(None, (_get("also") or "").split(",")))


def choose_also(names: Sequence[str]) -> None:
    """Change which other studies are on the same charts."""
    _set("also", ",".join(names) or None)


def view() -> str | None:
    """How the front is drawn, `?view=axes`."""
    return _get("view")


def choose_view(name: str | None) -> None:
    """Change how the front is drawn; None is the usual way."""
    _set("view", name)


def job() -> int | None:
    """The watched job's number, `?job=`; None if it is not a number."""
    text = _get("job")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def wants_new_job() -> bool:
    """Whether a new job is asked for although one is running, `?job=new`."""
    return _get("job") == _NEW


def want_new_job() -> None:
    """Leave the watched job for a new one. For callbacks."""
    _set("job", _NEW)


def choose_job(job_id: int | None) -> None:
    """Watch another job; None stops watching. What was picked of the last one is dropped."""
    for name in ("point", "round", "map"):
        _set(name, None)
    _set("job", None if job_id is None else str(job_id))


def point() -> str | None:
    """The chosen point of an Agora run, `?point=2:17`, or dev item, `?point=dev:17`."""
    return _get("point")


def choose_point(name: str | None) -> None:
    """Change the chosen point; None removes it."""
    _set("point", name)


def round_number() -> int | None:
    """The round that an Agora run's map shows, `?round=3`; None if it is not a number."""
    text = _get("round")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None


def choose_round(number: int) -> None:
    """Change the round that the map shows."""
    _set("round", str(number))


def map_kind() -> str | None:
    """How the map of an Agora run is made, `?map=pca`."""
    return _get("map")


def choose_map_kind(name: str) -> None:
    """Change how the map is made."""
    _set("map", name)


def model() -> str | None:
    """The shown model's name, `?model=`."""
    return _get("model")


def choose_model(name: str) -> None:
    """Show another model."""
    _set("model", name)


def leave_model() -> None:
    """Remove the model from the address."""
    _set("model", None)


def epsilon() -> float | None:
    """Epsilon, `?epsilon=`; None if missing or invalid."""
    found: float | None = _read("epsilon")
    return found


def choose_epsilon(value: float) -> None:
    """Change epsilon."""
    _set("epsilon", f"{value:g}")


def weights() -> tuple[float, float, float] | None:
    """Cost weights, `?weights=1,2,1`; None if missing or invalid."""
    found: tuple[float, float, float] | None = _read("weights")
    return found


def choose_weights(values: Sequence[float]) -> None:
    """Change the weights. Invalid ones, three zeros for example, are ignored."""
    try:
        check_weights(values)
    except BortError:
        return
    _set("weights", ",".join(f"{value:g}" for value in values))


def size() -> SizeUnit | None:
    """What size counts, `?size=bytes-int8`; None is what the search minimised."""
    text = _get("size")
    return SizeUnit(text) if text in tuple(SizeUnit) else None


def choose_size(unit: SizeUnit | None) -> None:
    """Count sizes in another unit; a limit on size was in the old one."""
    _set("size", unit)
    choose_limits(limits()._replace(size=None))


def limits() -> Limits:
    """The most that is accepted, `?at-most=5,,20`: size, latency, error; blank is no limit."""
    texts = (_get("at-most") or "").split(",")
    return Limits(*(_limit(text) for text in (*texts, "", "", "")[:3]))


def choose_limits(values: Limits) -> None:
    """Change the limits."""
    text = ",".join("" if value is None else format_number(value) for value in values)
    _set("at-most", text if values.is_set else None)


def _limit(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def hidden() -> tuple[str, ...]:
    """What the legend hides, `?hide=dominated,baselines`."""
    return tuple(filter(None, (_get("hide") or "").split(",")))


def hide(names: Sequence[str]) -> None:
    """Hide these, and show everything else."""
    _set("hide", ",".join(names) or None)


def _read(name: str) -> Any:
    """Read the value of one field of a question."""
    text = _get(name)
    try:
        return fields_of(Question)[name].parse(text) if text else None
    except BortError:
        return None


def _get(name: str) -> str | None:
    return st.query_params.get(name) or None


def _set(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
