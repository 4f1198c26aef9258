"""What docs/families.md shows and claims."""

import re
from pathlib import Path

import numpy as np

from bort.core.architecture import Architecture
from bort.families import family, load_space, parse_space
from bort.families.summary import abnc_report

GUIDE = (Path(__file__).parents[2] / "docs" / "families.md").read_text(encoding="utf-8")


def test_every_file_shown_can_be_loaded() -> None:
    shown = re.findall(r"```toml\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert [len(parse_space(text, "shown")) for text in shown] == [16, 6, 6, 4, 8, 4]


def test_every_feature_is_explained() -> None:
    for kind in ("bert", "static", "convolution", "mlp"):
        for name in family(kind).term_polynomials:
            assert f"| `{name}` |" in GUIDE


def test_where_the_property_holds() -> None:
    bort = abnc_report(load_space("bort"), batch_size=1, sequence_length=32)
    answer = load_space("bort").index(
        Architecture.of(depth=4, heads=8, hidden=1024, intermediate=768)
    )
    assert int(np.count_nonzero(bort.holds)) == 154
    assert not bort.holds[answer]
    assert "154 of the 300" in GUIDE
    assert f"A {bort.parameters['first'][answer] / 1e6:.1f} M" in GUIDE
    assert f"B {bort.parameters['middle'][answer] / 1e6:.1f} M" in GUIDE
    minilm = abnc_report(load_space("minilm"), batch_size=1, sequence_length=32)
    assert not minilm.holds.any()
    assert minilm.holds_in_operations.all()
