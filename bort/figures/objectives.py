"""The three objectives as figures show them: names, units, number formats. All are minimised."""

from collections.abc import Mapping
from dataclasses import dataclass

from bort.core.size import SizeUnit


@dataclass(frozen=True, slots=True)
class Objective:
    """The name, unit and number format of one objective.

    Attributes:
        name: short name, as in option lists.
        column: its column in `Marks.values`.
        title: quantity and unit.
        tick_format: d3 format of axis ticks.
        number_format: Python format of one value with its unit.
    """

    name: str
    column: int
    title: str
    tick_format: str
    number_format: str

    @property
    def axis_title(self) -> str:
        """The title with an arrow to the better side: left, or (turned by 90°) down."""
        return f"← better   {self.title}"

    def text(self, value: float) -> str:
        """One value with its unit."""
        return self.number_format.format(value)


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
LATENCY = Objective("latency", 1, "latency (ms)", "~g", "{:,.2f} ms")
TEXT_TO_LABEL = Objective("latency", 1, "text to label (ms)", "~g", "{:,.2f} ms, text to label")
ERROR = Objective("error", 2, "dev error (%)", "~g", "{:.1f} % error")

OBJECTIVES = (SIZE, LATENCY, ERROR)
