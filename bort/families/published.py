"""What the papers state about a space, apart from what we count ourselves."""

from dataclasses import dataclass

from bort.core.architecture import Architecture
from bort.families.space import SearchSpace


@dataclass(frozen=True, slots=True)
class PublishedAnswer:
    """The architecture that a paper found in a space.

    Attributes:
        architecture: by our names.
        parameter_count_millions: as published, rounded there.
        embedding_count_millions: as published, rounded there.
        source: where it is published.
    """

    architecture: Architecture
    parameter_count_millions: float
    embedding_count_millions: float
    source: str


_BORT_DIMENSIONS = {
    "depth": (2, 4, 6, 8, 10, 12),
    "heads": (4, 8, 12, 16),
    "hidden": (512, 768, 1024),
    "intermediate": (256, 512, 768, 1024, 3072),
}
_BORT = PublishedAnswer(
    architecture=Architecture.of(depth=4, heads=8, hidden=1024, intermediate=768),
    parameter_count_millions=56.1,
    embedding_count_millions=39.0,
    source="de Wynter & Perry 2020, Optimal Subarchitecture Extraction for BERT, arXiv 2010.10499",
)


def published_answer(space: SearchSpace) -> PublishedAnswer | None:
    """Bort, if this is the space in which it was found; else None."""
    is_bort = space.family_name == "bert" and space.dimensions == _BORT_DIMENSIONS
    return _BORT if is_bort else None
