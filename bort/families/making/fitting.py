"""Find the exact polynomial behind a count that is known only at single points.

Degrees come from divided differences along each symbol, coefficients from interpolation on the
grid of (degree + 1) values per symbol: unique, and exact in rational numbers. A count that is not
a polynomial is rejected, and `verify` checks points that the fit has not seen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise, product

from bort.families.polynomial import Polynomial, as_polynomial, symbol, total

Point = dict[str, int]
Count = Callable[[Mapping[str, int]], int]

MAX_DEGREE = 3  # two more than weights in one dimension need; one more probe confirms it


class NotPolynomialError(ValueError):
    """A count does not follow a polynomial in this symbol, or not at this point."""


def fit_polynomial(count: Count, probes: Mapping[str, Sequence[int]]) -> Polynomial:
    """Find the polynomial that a count follows.

    Args:
        count: exact; called with points that name every symbol of `probes`.
        probes: per symbol, `MAX_DEGREE` + 2 distinct values. Every combination of the first
            values must be countable; the first value is used while other symbols vary.
    Returns:
        Exact coefficients. Counts Π (degree + 1) points in addition to the probes.
    Raises:
        NotPolynomialError: no polynomial of degree `MAX_DEGREE` in one symbol.

    Examples:
        >>> probes = {"x": (1, 2, 3, 4, 5), "y": (1, 2, 3, 4, 5)}
        >>> str(fit_polynomial(lambda p: 3 * p["x"] ** 2 * p["y"] + p["y"] + 7, probes))
        '3*x^2*y + y + 7'
    """
    base = {name: values[0] for name, values in probes.items()}
    degrees = {name: _degree(count, base, name, values) for name, values in probes.items()}
    moving = {name: probes[name][: degree + 1] for name, degree in degrees.items() if degree}
    return total(_weight(moving, corner) * count({**base, **corner}) for corner in _corners(moving))


def verify(count: Count, polynomial: Polynomial, points: Iterable[Point]) -> None:
    """Compare the polynomial with the count at points that were not used to fit it.

    Raises:
        NotPolynomialError: they differ; the message names the point and both values.
    """
    for point in points:
        asked, computed = count(point), polynomial.at(point)
        if asked != computed:
            where = ", ".join(f"{name}={value}" for name, value in point.items())
            raise NotPolynomialError(
                f"it gives {computed:,} at {where}, but the built model has {asked:,}"
            )


def _degree(count: Count, base: Point, name: str, values: Sequence[int]) -> int:
    column = [Fraction(count({**base, name: value})) for value in values]
    degree = 0
    # Row k has the divided differences of order k; the degree is the last order not all zero.
    for order in range(1, len(values)):
        column = [
            (after - before) / (values[at + order] - values[at])
            for at, (before, after) in enumerate(pairwise(column))
        ]
        if any(column):
            degree = order
    if degree > MAX_DEGREE:
        raise NotPolynomialError(f"it is not a polynomial of degree {MAX_DEGREE} or less in {name}")
    return degree


def _corners(moving: Mapping[str, Sequence[int]]) -> Iterable[Point]:
    for values in product(*moving.values()):
        yield dict(zip(moving, values, strict=True))


def _weight(moving: Mapping[str, Sequence[int]], corner: Point) -> Polynomial:
    """Make Lagrange's polynomial: 1 at this corner, 0 at every other."""
    weight = as_polynomial(1)
    for name, values in moving.items():
        for other in values:
            if other != corner[name]:
                weight = weight * (symbol(name) + -other) * Fraction(1, corner[name] - other)
    return weight
