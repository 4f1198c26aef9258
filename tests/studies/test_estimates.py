"""What we can estimate before a start."""

from dataclasses import replace

import pytest
from made_up_study import fill, made_up_spec

from bort.core.errors import InvalidSpaceError
from bort.families import parse_space
from bort.storage import Store, open_store
from bort.studies.checks import check_study
from bort.studies.estimates import estimate_study


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    with open_store() as opened:
        yield opened


def test_the_first_search_of_a_task_counts_its_teacher(store: Store) -> None:
    spec = made_up_spec("new")
    cost = estimate_study(store, spec)
    assert cost.trains_teacher
    assert cost.teacher_minutes is None  # nothing has been timed here
    fill(store, "tweets-first", budget=6)
    tweets = replace(spec, task=replace(spec.task, task="tweets"))
    cost = estimate_study(store, tweets)
    assert cost.trains_teacher
    assert cost.teacher_minutes is not None
    assert cost.teacher_minutes > 0


def test_a_teacher_that_is_named_or_was_had_costs_nothing(store: Store) -> None:
    fill(store, "first", budget=6)
    spec = made_up_spec("again")
    named = replace(spec, training=replace(spec.training, teacher="mine"))
    answered = replace(spec, training=replace(spec.training, teacher="mine.parquet"))
    for asked in (spec, named, answered):
        cost = estimate_study(store, asked)
        assert not cost.trains_teacher
        assert cost.teacher_minutes == 0.0


def test_a_space_of_models_that_read_no_text_is_refused_first(store: Store) -> None:
    toml = 'family = "mlp"\n[dimensions]\ndepth = [1, 2]\nhidden = [4, 8]\n'
    spec = replace(made_up_spec("mlp"), space=parse_space(toml, "mlp.toml").to_dict())
    with pytest.raises(InvalidSpaceError, match="models of the family 'mlp' do not read text"):
        check_study(spec)
    assert store.studies() == []
