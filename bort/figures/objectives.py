"""The three objectives as figures show them: names, units, number formats. All are minimised."""

from dataclasses import dataclass


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


SIZE = Objective("size", 0, "parameters (millions)", "~g", "{:,.2f} M parameters")
LATENCY = Objective("latency", 1, "latency (ms)", "~g", "{:,.2f} ms")
ERROR = Objective("error", 2, "dev error (%)", "~g", "{:.1f} % error")

OBJECTIVES = (SIZE, LATENCY, ERROR)
