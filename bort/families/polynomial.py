"""Exact polynomials in named symbols, with which a family states its costs.

Counts of weights and of multiply-adds are sums of products of sizes, so one small class serves
all families: it is written like the formula in a paper, printed, stored as text, bounded (its
largest exponents) and evaluated over a million architectures at once without rounding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm, prod
from operator import mul
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

Monomial = tuple[tuple[str, int], ...]
"""Symbols with their exponents (1 or more), in alphabetical order; () is the constant."""

Number = TypeVar("Number", np.int64, np.float64)

INT64_LIMIT = 2**63 - 1


@dataclass(frozen=True)
class Polynomial:
    """A polynomial with exact rational coefficients.

    Examples:
        >>> depth, hidden = symbol("depth"), symbol("hidden")
        >>> cost = depth * (4 * hidden**2 + hidden) + 3
        >>> str(cost)
        '4*depth*hidden^2 + depth*hidden + 3'
        >>> cost.at({"depth": 2, "hidden": 10})
        823
        >>> cost.exponent("hidden")
        2
    """

    terms: Mapping[Monomial, Fraction]

    def __post_init__(self) -> None:
        kept = {m: Fraction(c) for m, c in self.terms.items() if c}
        object.__setattr__(self, "terms", kept)

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __add__(self, other: "Polynomial | int") -> "Polynomial":
        terms = dict(self.terms)
        for monomial, coefficient in as_polynomial(other).terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + coefficient
        return Polynomial(terms)

    def __mul__(self, other: "Polynomial | int | Fraction") -> "Polynomial":
        terms: dict[Monomial, Fraction] = {}
        for right, b in as_polynomial(other).terms.items():
            for left, a in self.terms.items():
                monomial = _product(left, right)
                terms[monomial] = terms.get(monomial, Fraction(0)) + a * b
        return Polynomial(terms)

    def __sub__(self, other: "Polynomial | int") -> "Polynomial":
        return self + as_polynomial(other) * -1

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> "Polynomial":
        return reduce(mul, [self] * exponent, as_polynomial(1))

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that occur in it."""
        return frozenset(name for monomial in self.terms for name, _ in monomial)

    @property
    def is_posynomial(self) -> bool:
        """Whether no coefficient is negative, so that the value never falls as a symbol grows."""
        return all(coefficient > 0 for coefficient in self.terms.values())

    @property
    def denominator(self) -> int:
        """The smallest number that makes all coefficients whole."""
        return lcm(1, *(coefficient.denominator for coefficient in self.terms.values()))

    def int64_bound(self, largest: Mapping[str, int]) -> int:
        """A bound on every intermediate value of `over`, for symbols in 0..`largest`."""
        # The sum of absolute terms bounds every partial sum as well.
        return sum(
            abs(int(coefficient * self.denominator)) * prod(largest[n] ** e for n, e in monomial)
            for monomial, coefficient in self.terms.items()
        )

    def exponent(self, name: str) -> int:
        """Largest exponent of a symbol; 0 if it does not occur."""
        return max((dict(monomial).get(name, 0) for monomial in self.terms), default=0)

    def only(self, name: str, exponent: int | None = None) -> "Polynomial":
        """The terms in which a symbol occurs, with exactly this exponent if one is given."""

        def chosen(monomial: Monomial) -> bool:
            found = dict(monomial).get(name, 0)
            return found > 0 if exponent is None else found == exponent

        return Polynomial({m: c for m, c in self.terms.items() if chosen(m)})

    def substitute(self, values: Mapping[str, int]) -> "Polynomial":
        """Replace some symbols by numbers."""
        terms: dict[Monomial, Fraction] = {}
        for monomial, coefficient in self.terms.items():
            rest = tuple((n, e) for n, e in monomial if n not in values)
            factor = prod(values[n] ** e for n, e in monomial if n in values)
            terms[rest] = terms.get(rest, Fraction(0)) + coefficient * factor
        return Polynomial(terms)

    def at(self, values: Mapping[str, int]) -> int:
        """Evaluate at one point, with integers of any size.

        Raises:
            ValueError: a symbol has no value, or the result is not an integer.
        """
        result = self.substitute(values)
        if result.symbols:
            raise ValueError(f"no value for {', '.join(sorted(result.symbols))}")
        constant = result.terms.get((), Fraction(0))
        if constant.denominator != 1:
            raise ValueError(f"the value {constant} is not a whole number")
        return constant.numerator

    def over(self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]) -> IntArray:
        """Evaluate at N points at once, exactly.

        Args:
            columns: symbol to non-negative values, each of shape (N,).
            fixed: one number for each other symbol.
        Returns:
            Shape (N,), int64. About 1 ms per term and million points.
        Raises:
            OverflowError: a value might not fit into an int64.
        """
        left = self.substitute(fixed)
        largest = {name: int(column.max(initial=1)) for name, column in columns.items()}
        bound = left.int64_bound(largest)
        if bound > INT64_LIMIT:
            raise OverflowError(f"values up to {bound} do not fit into 64 bits")
        denominator = left.denominator
        left = left * denominator
        value = _sum_over(left, columns, np.int64)
        return value // denominator if denominator != 1 else value

    def over_floats(self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]) -> FloatArray:
        """Evaluate at N points in float64: exact up to 2^53, rounded beyond, never an overflow."""
        return _sum_over(self.substitute(fixed), columns, np.float64)

    def __str__(self) -> str:
        ordered = sorted(self.terms.items(), key=lambda item: (-_degree(item[0]), item[0]))
        texts = [_term_text(monomial, coefficient) for monomial, coefficient in ordered]
        return " + ".join(texts) or "0"

    @classmethod
    def parse(cls, text: str) -> "Polynomial":
        """Inverse of `str`.

        Raises:
            ValueError: not a sum of products as `str` writes them.
        """
        return total(_parsed_term(part.strip()) for part in text.split(" + "))


def frozen(array: IntArray) -> IntArray:
    """Return the array, write-protected."""
    array.setflags(write=False)
    return array


def symbol(name: str) -> Polynomial:
    """The polynomial that is one symbol."""
    return Polynomial({((name, 1),): Fraction(1)})


def as_polynomial(value: Polynomial | int | Fraction) -> Polynomial:
    """Turn a number into a constant polynomial; leave a polynomial unchanged."""
    return value if isinstance(value, Polynomial) else Polynomial({(): Fraction(value)})


def total(polynomials: Iterable[Polynomial]) -> Polynomial:
    """The sum; 0 if there are no polynomials."""
    return sum(polynomials, as_polynomial(0))


def _product(left: Monomial, right: Monomial) -> Monomial:
    exponents = dict(left)
    for name, exponent in right:
        exponents[name] = exponents.get(name, 0) + exponent
    return tuple(sorted(exponents.items()))


def _degree(monomial: Monomial) -> int:
    return sum(exponent for _, exponent in monomial)


def _sum_over(
    polynomial: Polynomial, columns: Mapping[str, IntArray], dtype: type[Number]
) -> NDArray[Number]:
    n = len(next(iter(columns.values())))
    result = np.zeros(n, dtype=dtype)
    for monomial, coefficient in polynomial.terms.items():
        value = np.full(n, dtype(coefficient), dtype=dtype)
        for name, exponent in monomial:
            for _ in range(exponent):
                value *= columns[name]
        result += value
    return result


def _term_text(monomial: Monomial, coefficient: Fraction) -> str:
    factors = [name if exponent == 1 else f"{name}^{exponent}" for name, exponent in monomial]
    if coefficient != 1 or not factors:
        factors.insert(0, str(coefficient))
    return "*".join(factors)


def _parsed_term(text: str) -> Polynomial:
    term = as_polynomial(1)
    for factor in text.split("*"):
        name, _, exponent = factor.partition("^")
        if name.isidentifier():
            term = term * symbol(name) ** int(exponent or 1)
        else:
            term = term * Fraction(factor)
    return term
