"""Up to five picks next to each other: figures with intervals, what differs, who is better."""

import streamlit as st

from bort.report.choosing import comparison_sentences, cost_name
from bort.report.numbers import milliseconds, milliseconds_range, percent, significant
from bort.studies.answers import Point, StudyAnswer, TableAnswer, TablePoint
from bort.studies.answers.rows import Columns
from bort.studies.choosing import LATENCY, NORMAL_95, SIZE, Choice
from bort.ui.kit import address, markup, saving

MOST = 5


def offer(name: str) -> None:
    """Offer to put the shown architecture next to others, or to take it away."""
    names = address.compared()
    if name in names:
        _button(
            f"Leave {markup.plain(name)} out of the comparison",
            [one for one in names if one != name],
        )
    elif len(names) < MOST:
        _button("Put it side by side", [*names, name])
    else:
        markup.note(f"{MOST} are side by side already.")
    if names:
        markup.note("The comparison is below the charts.")


def _button(label: str, names: list[str]) -> None:
    st.button(
        label,
        icon=":material/compare_arrows:",
        key="side-by-side",
        on_click=address.compare,
        args=(names,),
        width="stretch",
    )


def show(answer: StudyAnswer | TableAnswer, choice: Choice) -> None:
    """Show the chosen ones, and the pick, as columns of a table; nothing if there are none."""
    points = {point.name: point for point in answer.points}
    chosen = [name for name in address.compared() if name in points][:MOST]
    pick = address.pick()
    if chosen and pick in points and pick not in chosen and len(chosen) < MOST:
        chosen.append(str(pick))
    if not chosen:
        return
    markup.label("side by side")
    if len(chosen) == 1:
        markup.note(f"Pick another one to compare it with {chosen[0]}.")
        return
    markup.note(comparison_sentences(choice, chosen))
    if chosen[-1] not in address.compared() and len(chosen) < MOST:
        st.button(
            f"Keep {markup.plain(chosen[-1])}, and pick another one",
            icon=":material/add:",
            key="keep-compared",
            on_click=address.compare,
            args=(chosen,),
            type="tertiary",
        )
    rows = [_row(points[name], choice) for name in chosen]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    differing = [t for t in titles if len({row.get(t) for row in rows}) > 1]
    equal = [t for t in titles if t not in differing]
    with st.container(key="side-by-side-table"):
        markup.table(("", *chosen), [(t, *(row.get(t, "") for row in rows)) for t in differing])
    if equal:
        markup.note("The same: " + ", ".join(f"{t} {rows[0][t]}" for t in equal) + ".")
    values = [
        [name, *(row.get(t, "") for t in titles)] for name, row in zip(chosen, rows, strict=True)
    ]
    with st.container(horizontal=True):
        st.button("Clear the comparison", on_click=address.compare, args=((),), type="tertiary")
        saving.as_csv("side-by-side", ["architecture", *titles], values)


def _row(point: Point | TablePoint, choice: Choice) -> dict[str, str]:
    unit = choice.unit
    half = 100 * NORMAL_95 * (point.error_se or 0.0)
    if isinstance(point, TablePoint):
        assert isinstance(unit, Columns)
        return {
            **{name: str(value) for name, value in point.architecture.items()},
            cost_name(unit, SIZE): significant(point.costs[0]),
            cost_name(unit, LATENCY): significant(point.costs[1]),
            "error": percent(point.error_rate) + (f" ± {half:.1f}" if half else ""),
            "W": f"{point.w:.3f}",
        }
    is_bytes = not isinstance(unit, Columns) and unit.is_bytes
    between = milliseconds_range(point.latency_low_ms, point.latency_high_ms)
    return {
        "parameters": f"{point.parameter_count:,}",
        "without embeddings": f"{point.effective_parameter_count:,}",
        **({"size on disk": f"{point.size / 1e6:,.3f} MB"} if is_bytes else {}),
        "latency": f"{milliseconds(point.latency_ms)} ms ({between})",
        "dev error": f"{percent(point.error_rate)} ± {half:.1f}",
        "W": f"{point.w:.3f}",
        **{name: str(value) for name, value in point.architecture.items()},
    }
