"""The base class of all families, which cost and build architectures."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidFieldError
from bort.families.file_sizes import CountBytes
from bort.families.polynomial import BoolArray, FloatArray, IntArray, Polynomial, total

Elasticities = dict[str, dict[str, int]]

PARTS = ("first", "middle", "last")
"""The A, B and C of the ABnC property: what comes before, in and after the stacked layers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Family(ABC):
    """A family of architectures: computes their costs and builds them.

    Costs are polynomials, and everything countable follows from them. In the methods `columns` maps
    each dimension to its values over N architectures, shape (N,), int64; `fixed` has the values
    that all architectures of a space share, and a missing key takes its default.

    Attributes:
        name: its name in a space's file.
        symbols: each dimension, in order, to the letter that the papers use.
        defaults: the keys that `fixed` may have, with their default values.
        parameter_parts: parameters of each of `PARTS`.
        embedding: the parameters that the effective count leaves out.
        term_polynomials: features of the latency model.
        operation_parts: which of these features are the multiply-adds of each of `PARTS`.
        divisibility: pairs (small, large) of sizes; the second is a multiple of the first.
        equal: pairs of sizes that must be the same.
        odd: sizes that must be odd.
        distinct: pairs of sizes that must differ, because equal ones make the counts wrong.
        constants: names in `defaults` that cannot change without fitting again.
        optional: names in `defaults` that a space may list as dimensions instead, to their
            letters.
        weight_bytes: counts the bytes of its exported weights; None if no closed form is known.
    """

    name: str
    symbols: Mapping[str, str]
    defaults: Mapping[str, int]
    parameter_parts: Mapping[str, Polynomial]
    embedding: Polynomial
    term_polynomials: Mapping[str, Polynomial]
    operation_parts: Mapping[str, tuple[str, ...]]
    divisibility: tuple[tuple[str, str], ...] = (("heads", "hidden"),)
    equal: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    constants: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=dict)
    weight_bytes: CountBytes | None = None

    def listing(self, names: Collection[str]) -> "Family":
        """Return the family in which those of `names` that are optional are dimensions, the first
        ones; the others stay fixed.
        """
        listed = {name: letter for name, letter in self.optional.items() if name in names}
        if not listed:
            return self
        defaults = {name: size for name, size in self.defaults.items() if name not in listed}
        return replace(self, symbols={**listed, **self.symbols}, defaults=defaults, optional={})

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The architectural parameters, in the order of an architecture's id."""
        return tuple(self.symbols)

    @property
    def parameters(self) -> Polynomial:
        """Parameter count as a polynomial in dimensions and fixed values."""
        return total(self.parameter_parts.values())

    @property
    def effective_parameters(self) -> Polynomial:
        """Parameter count without the embedding layer."""
        return self.parameters - self.embedding

    @property
    def operations(self) -> Polynomial:
        """Multiply-adds as a polynomial in dimensions, fixed values, batch and sequence."""
        return total(self.part_operations(part) for part in PARTS)

    def part_operations(self, part: str) -> Polynomial:
        """Multiply-adds of one of `PARTS`."""
        return total(self.term_polynomials[name] for name in self.operation_parts[part])

    def is_valid(self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]) -> BoolArray:
        """Mark the architectures that can be built, shape (N,)."""
        sizes: dict[str, Any] = {**self.with_defaults(fixed), **columns}
        valid = np.ones(len(next(iter(columns.values()))), dtype=np.bool_)
        for small, large in self.divisibility:
            if small in sizes and large in sizes:
                valid &= sizes[large] % sizes[small] == 0
        for left, right in self.equal:
            valid &= sizes[left] == sizes[right]
        for name in self.odd:
            valid &= sizes[name] % 2 == 1
        return valid

    def parameter_count(
        self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]
    ) -> IntArray:
        """Trainable parameters, exact, shape (N,)."""
        return self.parameters.over(columns, self.with_defaults(fixed))

    def part_parameter_counts(
        self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]
    ) -> dict[str, IntArray]:
        """Trainable parameters of each of `PARTS`, exact, each of shape (N,)."""
        known = self.with_defaults(fixed)
        return {part: self.parameter_parts[part].over(columns, known) for part in PARTS}

    def effective_parameter_count(
        self, columns: Mapping[str, IntArray], fixed: Mapping[str, int]
    ) -> IntArray:
        """Trainable parameters without the embedding layer, exact, shape (N,)."""
        return self.effective_parameters.over(columns, self.with_defaults(fixed))

    def file_bytes(
        self, columns: Mapping[str, IntArray], fixed: Mapping[str, int], *, is_int8: bool
    ) -> IntArray:
        """Bytes of the exported weights in float32 or int8, without the tokenizer, shape (N,).

        Raises:
            InvalidFieldError: no closed form is known for this family.
        """
        if self.weight_bytes is None:
            raise InvalidFieldError(
                "size",
                f"the bytes of files of the family {self.name!r} have no closed form; choose "
                "--size parameters, or one of the families bert, static, convolution",
            )
        sizes = {**self.with_defaults(fixed), **columns}
        return self.weight_bytes({k: np.asarray(v) for k, v in sizes.items()}, is_int8)

    def operation_count(
        self,
        columns: Mapping[str, IntArray],
        fixed: Mapping[str, int],
        *,
        batch_size: int,
        sequence_length: int,
    ) -> FloatArray:
        """Multiply-adds of all matrix products in one forward pass, shape (N,).

        A product of (n, k) by (k, m) counts n·k·m. Look-ups, biases, norms, softmax and
        activations count as 0. Exact up to 2^53, about 9·10^15.
        """
        known = self.with_work(fixed, batch_size, sequence_length)
        return self.operations.over_floats(columns, known)

    def part_operation_counts(
        self,
        columns: Mapping[str, IntArray],
        fixed: Mapping[str, int],
        *,
        batch_size: int,
        sequence_length: int,
    ) -> dict[str, FloatArray]:
        """Multiply-adds of each of `PARTS`, each of shape (N,)."""
        known = self.with_work(fixed, batch_size, sequence_length)
        return {part: self.part_operations(part).over_floats(columns, known) for part in PARTS}

    def operation_terms(
        self,
        columns: Mapping[str, IntArray],
        fixed: Mapping[str, int],
        *,
        batch_size: int,
        sequence_length: int,
    ) -> dict[str, FloatArray]:
        """Features of a latency model by name, each of shape (N,); see docs/families.md."""
        known = self.with_work(fixed, batch_size, sequence_length)
        return {
            name: polynomial.over_floats(columns, known)
            for name, polynomial in self.term_polynomials.items()
        }

    def elasticities(self) -> Elasticities:
        """Largest exponents of each dimension in each objective.

        For a sum f = Σ_m c_m Π_k x_k^{m_k} with c_m > 0, ∂ ln f / ∂ ln x_k = Σ_m w_m m_k with
        weights w_m = (term m) / f that are non-negative and sum to 1: a mean of the exponents,
        so it lies between 0 and a_k = max_m m_k. Integrating along the straight line in ln x
        between two architectures, |ln f(ξ) - ln f(ξ')| <= Σ_k a_k |ln ξ_k - ln ξ'_k|.

        Returns:
            `parameter_count`, `effective_parameter_count`, `operation_count`, and
            `operation_terms`: the largest over all terms, which therefore holds for *any*
            combination of them with non-negative weights and intercept, as every latency
            model is. An objective with a negative coefficient is left out: no bound is known.
        """
        objectives = {
            "parameter_count": self.parameters,
            "effective_parameter_count": self.effective_parameters,
            "operation_count": self.operations,
            "operation_terms": total(self.term_polynomials.values()),
        }
        return {
            objective: {name: polynomial.exponent(name) for name in self.dimension_names}
            for objective, polynomial in objectives.items()
            if polynomial.is_posynomial
        }

    def with_defaults(self, fixed: Mapping[str, int]) -> dict[str, int]:
        """Complete `fixed` with the defaults."""
        return {**self.defaults, **fixed}

    def with_work(
        self, fixed: Mapping[str, int], batch_size: int, sequence_length: int
    ) -> dict[str, int]:
        """Complete `fixed` with the defaults, and add batch size and sequence length."""
        return {**self.with_defaults(fixed), "batch": batch_size, "sequence": sequence_length}

    @abstractmethod
    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> Any:
        """The model's configuration; `num_labels` overrides what `fixed` says."""

    @abstractmethod
    def model(self, config: Any, *, device: str) -> Any:
        """The model of a configuration, with random weights; none on the meta device."""

    def build(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
        device: str = "meta",
    ) -> Any:
        """The model of an architecture."""
        return self.model(self.config(architecture, fixed, num_labels=num_labels), device=device)
