"""The three objectives as figures show them: names, units, number formats. All are minimised."""

from collections.abc import Mapping
from dataclasses import dataclass

from bort.core.size import SizeUnit
from bort.figures.theme import escape
from bort.report.choosing import cost_name
from bort.report.numbers import milliseconds, significant
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.answers.rows import Columns
from bort.studies.choosing import LATENCY as LATENCY_COLUMN
from bort.studies.choosing import SIZE as SIZE_COLUMN
from bort.studies.choosing import Unit


@dataclass(frozen=True, slots=True)
class Objective:
    """The name, unit and number format of one objective.

    Attributes:
        name: short name, as in option lists.
        column: its column in `Marks.values`.
        title: quantity and unit.
        tick_format: d3 format of axis ticks.
        number_format: Python format of one value with its unit, of a time of its text; None if
            nobody knows the unit.
    """

    name: str
    column: int
    title: str
    tick_format: str
    number_format: str | None

    @property
    def axis_title(self) -> str:
        """The title for plotly, with an arrow to the better side: left, or (turned by 90°) down."""
        return f"← better   {escape(self.title)}"

    def text(self, value: float) -> str:
        """One value with its unit."""
        if self.number_format is None:
            return f"{self.title} {significant(value)}"
        is_time = self.column == LATENCY_COLUMN
        return self.number_format.format(milliseconds(value) if is_time else value)


SIZES: Mapping[SizeUnit, Objective] = {
    unit: Objective("size", 0, title, "~g", number_format)
    for unit, title, number_format in (
        (SizeUnit.PARAMETERS, "parameters (millions)", "{:,.2f} M parameters"),
        (
            SizeUnit.EFFECTIVE,
            "parameters without embeddings (millions)",
            "{:,.3f} M parameters without embeddings",
        ),
        (SizeUnit.FLOAT32, "size on disk, float32 (MB)", "{:,.3f} MB in float32"),
        (SizeUnit.INT8, "size on disk, int8 (MB)", "{:,.3f} MB in int8"),
    )
}
SIZE = SIZES[SizeUnit.PARAMETERS]
LATENCY = Objective("latency", LATENCY_COLUMN, "latency (ms)", "~g", "{} ms")
TEXT_TO_LABEL = Objective(
    "latency", LATENCY_COLUMN, "text to label (ms)", "~g", "{} ms, text to label"
)
ERROR = Objective("error", 2, "dev error (%)", "~g", "{:.1f}% error")

OBJECTIVES = (SIZE, LATENCY, ERROR)
_LONGEST = 20  # characters of the name of a column; the shortest axis has room for them


def objectives_of(unit: Unit, *, latency: Objective = LATENCY) -> tuple[Objective, ...]:
    """The axes of size, latency and error, which a table calls by its columns.

    Args:
        latency: what the latency of a study is.

    Examples:
        >>> columns = Columns("params", "<ms>", "accuracy", maximised=("accuracy",))
        >>> [one.title for one in objectives_of(columns)]
        ['params', '<ms>', '100 - accuracy (%)']
    """
    if not isinstance(unit, Columns):
        return SIZES[unit], latency, ERROR
    error = _short(unit.error)
    error = f"100 - {error} (%)" if unit.error in unit.maximised else f"{error} (%)"
    return (
        Objective("size", 0, _short(cost_name(unit, SIZE_COLUMN)), "", None),
        Objective("latency", 1, _short(cost_name(unit, LATENCY_COLUMN)), "", None),
        Objective("error", 2, error, "~g", "{:.1f}% error"),
    )


def axes_of(answer: StudyAnswer | TableAnswer) -> tuple[Objective, ...]:
    """The axes of size, latency and error; a study or a table says what they mean."""
    if isinstance(answer, TableAnswer):
        return objectives_of(answer.columns)
    is_to_label = answer.latency.is_text_to_label
    return objectives_of(answer.spec.size.unit, latency=TEXT_TO_LABEL if is_to_label else LATENCY)


def _short(name: str) -> str:
    """Cut the name of a column where it would not fit beside an axis."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
