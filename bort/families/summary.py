"""A space in numbers, as JSON values: what `bort space show` prints."""

from typing import Any

import numpy as np

from bort.families.abnc import AbncReport, abnc_report, clearest_examples
from bort.families.family import PARTS
from bort.families.polynomial import BoolArray, FloatArray, IntArray
from bort.families.published import published_answer
from bort.families.space import SearchSpace


def space_summary(space: SearchSpace, *, batch_size: int, sequence_length: int) -> dict[str, Any]:
    """Size, ranges, polynomials and the ABnC property of a space; O(N).

    Args:
        space: any.
        batch_size: texts per forward pass, for the operations.
        sequence_length: tokens per text; image models have their own.
    """
    kind = space.family
    operations = space.operation_count(batch_size, sequence_length)
    report = abnc_report(space, batch_size=batch_size, sequence_length=sequence_length)
    return {
        **space.to_dict(),
        "digest": space.digest,
        "architectures": len(space),
        "combinations": int(np.prod([len(values) for values in space.dimensions.values()])),
        "maximum": _architecture(space, space.maximum, operations),
        "parameter_count": _range(space.parameter_count),
        "effective_parameter_count": _range(space.effective_parameter_count),
        "built_parameter_count": _built(space),
        "operation_count": {
            **_range(operations),
            "batch_size": batch_size,
            "sequence_length": sequence_length,
        },
        "polynomials": {
            "parameter_count": str(kind.parameters),
            "effective_parameter_count": str(kind.effective_parameters),
            "operation_count": str(kind.operations),
        },
        "elasticities": kind.elasticities(),
        "published": _published(space, operations),
        "abnc": _abnc(space, report),
    }


def _built(space: SearchSpace) -> dict[str, int] | None:
    """Parameters of the networks themselves where a `factor` multiplies the size: the toy."""
    if "factor" not in space.dimensions:
        return None
    factor = space.values[:, list(space.dimensions).index("factor")]
    return _range(space.parameter_count // factor)


def _architecture(space: SearchSpace, index: int, operations: FloatArray) -> dict[str, Any]:
    architecture = space.architecture(index)
    return {
        "id": architecture.id,
        "architecture": architecture.as_dict(),
        "parameter_count": int(space.parameter_count[index]),
        "effective_parameter_count": int(space.effective_parameter_count[index]),
        "operation_count": int(operations[index]),
    }


def _published(space: SearchSpace, operations: FloatArray) -> dict[str, Any] | None:
    answer = published_answer(space)
    if answer is None:
        return None
    return {
        "published_parameter_count_millions": answer.parameter_count_millions,
        "published_embedding_count_millions": answer.embedding_count_millions,
        "source": answer.source,
        "recount": _architecture(space, space.index(answer.architecture), operations),
    }


def _abnc(space: SearchSpace, report: AbncReport) -> dict[str, Any]:
    best, worst = clearest_examples(report, report.holds)
    return {
        "parameters": _part_ranges(report.parameters, report.holds_in_parameters),
        "operations": _part_ranges(report.operations, report.holds_in_operations),
        "holds": int(np.count_nonzero(report.holds)),
        "holds_share": float(np.mean(report.holds)),
        "example_with": None if best is None else _parts_of(space, report, best),
        "example_without": None if worst is None else _parts_of(space, report, worst),
    }


def _part_ranges(
    costs: dict[str, IntArray] | dict[str, FloatArray], holds: BoolArray
) -> dict[str, Any]:
    ranges: dict[str, Any] = {part: _range(costs[part]) for part in PARTS}
    return {**ranges, "holds": int(np.count_nonzero(holds)), "holds_share": float(np.mean(holds))}


def _parts_of(space: SearchSpace, report: AbncReport, index: int) -> dict[str, Any]:
    return {
        "id": space.architecture(index).id,
        "parameters": {part: int(report.parameters[part][index]) for part in PARTS},
        "operations": {part: int(report.operations[part][index]) for part in PARTS},
    }


def _range(column: IntArray | FloatArray) -> dict[str, int]:
    return {"min": int(column.min()), "max": int(column.max())}
