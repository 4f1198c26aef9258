"""Convert a study's evaluated architectures to rows for spreadsheets and data frames. Pure."""

from typing import Any

from bort.studies.answers import StudyAnswer

# Written first, so that a table reads from left to right.
OBJECTIVES = ("parameter_count", "latency_ms", "error_rate")


def evaluation_rows(answer: StudyAnswer) -> list[dict[str, Any]]:
    """Make one flat row per evaluated architecture, by size; front and cover are marked.

    `bort search --from-table FILE --size parameter_count --latency latency_ms --error error_rate`
    reads the table again, as long as columns that are no dimensions are left out.
    """
    rows = []
    for point in answer.points:
        values = point.as_json()
        architecture = values.pop("architecture")
        rows.append(
            {
                "id": values.pop("id"),
                **architecture,
                **values,
                "w": point.w,
                "is_on_front": point.is_on_front,
                "is_in_cover": point.is_in_cover,
            }
        )
    return rows


def front_rows(answer: StudyAnswer) -> list[dict[str, Any]]:
    """Return only the rows of the front."""
    return [row for row in evaluation_rows(answer) if row["is_on_front"]]
