import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_contract import StoreContract, study_spec

from bort.core.evaluation import Evaluation
from bort.storage import JobState, Store, append_log, open_store, read_log
from bort.storage.schema import storable


class TestStore(StoreContract):
    """Every available backend; the fixture `store` takes one after another."""


WRITER = """
import sys
from bort.core.evaluation import Evaluation
from bort.storage import EventCode, open_store
from bort.core.study import SearchSpec, StudySpec

url, me = sys.argv[1], int(sys.argv[2])
with open_store(url) as store:
    study = store.create_study(StudySpec(name="together", space={"depth": [1]}))
    job = store.create_job("search", {})
    for i in range(20):
        for owner in (me, "all"):
            store.add_evaluation(study, f"{owner}-{i}", {"depth": 1}, Evaluation(0.1, 0.01, 10))
        store.log_event(job.id, EventCode.NOTE, {"text": f"{me}-{i}"})
"""


def test_processes_that_write_at_once_lose_nothing(backend_url: str) -> None:
    """They also create the store at the same time."""
    command = [sys.executable, "-c", WRITER, backend_url]
    writers = [
        subprocess.Popen([*command, str(me)], stderr=subprocess.PIPE, text=True) for me in range(4)
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert errors == ["", "", "", ""]
    with open_store(backend_url) as store:
        expected = {f"{owner}-{i}" for owner in (0, 1, 2, 3, "all") for i in range(20)}
        assert set(store.evaluations("together")) == expected
        assert store.study("together").evaluation_count == len(expected)
        jobs = store.jobs()
        assert len({job.folder_name for job in jobs}) == 4
        assert all(len(store.events(job.id)) == 20 for job in jobs)


def test_numbers_of_numpy_are_stored_as_numbers(store: Store) -> None:
    study = store.create_study(study_spec())
    evaluation = Evaluation(
        np.float64(0.5),
        np.float32(0.25),
        np.int64(9),  # type: ignore[arg-type]
        diverged=np.bool_(True),  # type: ignore[arg-type]
    )
    store.add_evaluation(study, "1", {"depth": np.int64(4)}, evaluation)  # type: ignore[dict-item]
    assert store.evaluations(study) == {"1": [Evaluation(0.5, 0.25, 9, diverged=True)]}
    assert store.evaluation_records(study)[0].architecture == {"depth": 4}


def test_two_stores_of_one_home_do_not_share_a_folder(store: Store, backend_url: str) -> None:
    first = store.create_job("search", {})
    with open_store(f"sqlite:///{first.folder.parent / 'other.db'}") as other:
        second = other.create_job("search", {})
    assert second.id == first.id
    assert second.folder != first.folder


def test_a_log_is_read_on_by_whole_lines(store: Store) -> None:
    job = store.create_job("search", {})
    assert read_log(job) == ("", 0)
    append_log(job, "one\nhal")
    text, offset = read_log(job)
    assert text == "one\n"
    append_log(job, "f a line, é\n")
    assert read_log(job, offset=offset)[0] == "half a line, é\n"


def test_states_answer_our_questions() -> None:
    assert [s.value for s in JobState if s.is_active] == ["queued", "running"]
    assert [s.value for s in JobState if s.can_resume] == ["failed", "cancelled", "lost"]
    assert all(s.is_final != s.is_active for s in JobState)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(values)
def test_plain_values_survive_json(value: Any) -> None:
    simple = storable(value)
    assert json.loads(json.dumps(simple, allow_nan=False)) == simple
    assert storable(simple) == simple
    if isinstance(value, float):
        assert simple == (value if math.isfinite(value) else None)


def test_what_json_cannot_hold_is_refused() -> None:
    assert storable({"a": np.array([1.5, np.inf]), "b": (np.int64(3),)}) == {
        "a": [1.5, None],
        "b": [3],
    }
    with pytest.raises(TypeError, match="object cannot be stored"):
        storable({"a": object()})


def test_import_is_light() -> None:
    code = "import sys, bort.storage, bort.jobs; "
    code += "print([m for m in ('torch', 'pandas', 'numpy', 'rich', 'scipy') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
