"""The sizes of a finished front, counted in another unit."""

from dataclasses import replace

import pytest
from made_up_study import fill, made_up_spec
from visits import Open, shown

from bort.core.errors import InvalidFieldError
from bort.core.size import SizeSpec, SizeUnit
from bort.storage import Store
from bort.studies.answers import read_answer


def test_sizes_are_counted_in_another_unit_without_a_training(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    parameters = read_answer(store, "reviews")
    counted = read_answer(store, "reviews", size="effective-parameters")
    assert counted.evaluations == parameters.evaluations
    assert {p.size for p in counted.points} == {p.effective_parameter_count for p in counted.points}
    assert [p.id for p in counted.points] != [p.id for p in parameters.points]  # by size
    with pytest.raises(InvalidFieldError, match="choose parameters, effective-parameters, or"):
        read_answer(store, "reviews", size="bytes-int8")
    with pytest.raises(InvalidFieldError, match="kilometres"):
        read_answer(store, "reviews", size="kilometres")
    app = visit("pareto", **{"study": "reviews", "at-most": "5,1,"})
    unit = app.selectbox(key="size:reviews:parameters")
    assert unit.options == ["Parameters", "Parameters without embeddings"]
    unit.set_value(SizeUnit.EFFECTIVE).run()
    assert not app.exception
    assert app.query_params["size"] == "effective-parameters"
    assert app.query_params["at-most"] == ",1,"  # the limit on size was in the old unit
    assert "--size effective-parameters" in "".join(block.value for block in app.code)
    assert not visit("pareto", study="reviews", size="bytes-int8").exception
    assert not visit("pareto", study="reviews", size="parsecs").exception


def test_files_are_counted_if_the_tokenizers_are_known(store: Store, visit: Open) -> None:
    spec = made_up_spec("reviews")
    known = replace(spec, size=SizeSpec(tokenizer_bytes={"30522": 711_396}))
    fill(store, "reviews", budget=8)
    store.create_study(known)
    files = read_answer(store, "reviews", size=SizeUnit.INT8)
    assert all(p.size > 711_396 + p.parameter_count for p in files.points)
    app = visit("pareto", study="reviews", size="bytes-int8")
    assert not app.exception
    assert app.number_input[0].label == "Size at most, MB"
    assert "weights in int8 and tokenizer, as exported" in shown(app)
