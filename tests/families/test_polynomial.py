"""Laws of exact polynomials."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.families.making.fitting import NotPolynomialError, fit_polynomial, verify
from bort.families.polynomial import Polynomial, as_polynomial, symbol

laws = settings(max_examples=60, deadline=None, derandomize=True)


names = st.sampled_from(["x", "y", "z"])
monomials = st.dictionaries(names, st.integers(1, 3), max_size=3).map(
    lambda exponents: tuple(sorted(exponents.items()))
)
polynomials = st.dictionaries(
    monomials, st.fractions(min_value=-9, max_value=9, max_denominator=4), max_size=5
).map(Polynomial)
whole = st.dictionaries(monomials, st.integers(-9, 9).map(Fraction), max_size=5).map(Polynomial)
points = st.fixed_dictionaries({name: st.integers(1, 50) for name in ("x", "y", "z")})


@laws
@given(polynomials)
def test_text_round_trip(polynomial: Polynomial) -> None:
    assert Polynomial.parse(str(polynomial)) == polynomial


@laws
@given(whole, whole, points)
def test_arithmetic_is_that_of_the_values(
    left: Polynomial, right: Polynomial, point: dict[str, int]
) -> None:
    assert (left + right).at(point) == left.at(point) + right.at(point)
    assert (left - right).at(point) == left.at(point) - right.at(point)
    assert (left * right).at(point) == left.at(point) * right.at(point)
    assert (left**2).at(point) == left.at(point) ** 2
    assert hash(left + right) == hash(right + left)


@laws
@given(whole, st.lists(points, min_size=1, max_size=5), st.integers(1, 50))
def test_many_points_are_as_one_by_one(
    polynomial: Polynomial, several: list[dict[str, int]], z: int
) -> None:
    columns = {n: np.array([p[n] for p in several], dtype=np.int64) for n in ("x", "y")}
    expected = [polynomial.at({**p, "z": z}) for p in several]
    assert polynomial.over(columns, {"z": z}).tolist() == expected
    assert polynomial.over_floats(columns, {"z": z}).tolist() == expected


# Sizes add up, so coefficients are positive. Otherwise terms could cancel along the probes, a
# degree would be missed, and only a held-out point would show it.
@settings(laws, max_examples=20)
@given(st.dictionaries(monomials, st.integers(1, 9).map(Fraction), max_size=5).map(Polynomial))
def test_a_fit_finds_the_polynomial_again(polynomial: Polynomial) -> None:
    probes = dict.fromkeys(("x", "y", "z"), (1, 2, 3, 4, 5))
    assert fit_polynomial(polynomial.at, probes) == polynomial


def test_rational_coefficients_stay_exact() -> None:
    half = symbol("x") * (symbol("x") + 1) * Fraction(1, 2)
    assert half.over({"x": np.array([3, 10**9])}, {}).tolist() == [6, 500_000_000_500_000_000]
    with pytest.raises(ValueError, match="not a whole number"):
        (symbol("x") * Fraction(1, 2)).at({"x": 3})


def test_overflow_is_refused_rather_than_wrapped() -> None:
    with pytest.raises(OverflowError, match="64 bits"):
        (symbol("x") ** 2).over({"x": np.array([2**32])}, {})
    assert (symbol("x") ** 2).over_floats({"x": np.array([2**32])}, {}).tolist() == [2.0**64]


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ValueError, match="no value for y"):
        (symbol("x") * symbol("y")).at({"x": 1})


def test_parts_of_a_polynomial() -> None:
    x, y = symbol("x"), symbol("y")
    cost = 3 * x**2 * y + x * y + y + 5
    assert cost.only("x") == 3 * x**2 * y + x * y
    assert cost.only("x", 1) == x * y
    assert cost.exponent("x") == 2
    assert cost.exponent("w") == 0
    assert cost.symbols == {"x", "y"}
    assert str(as_polynomial(0)) == "0"


def test_what_is_no_polynomial_is_refused() -> None:
    probes = {"x": (1, 2, 3, 4, 5), "y": (1, 2, 3, 4, 5)}
    with pytest.raises(NotPolynomialError, match="in x"):
        fit_polynomial(lambda p: 2 ** p["x"] + p["y"], probes)


def test_a_held_out_point_can_refuse_a_fit() -> None:
    def count(point: dict[str, int]) -> int:
        return max(point["x"], 100)

    fitted = fit_polynomial(count, {"x": (1, 2, 3, 4, 5)})
    with pytest.raises(NotPolynomialError, match="gives 100 at x=101, but the built model has 101"):
        verify(count, fitted, [{"x": 50}, {"x": 101}])
