"""Which of our models a comparison takes, however the task is named."""

import json
from types import SimpleNamespace

from bort.core.study import TaskSpec, TrainingSpec
from bort.rivals import request
from bort.rivals.request import describe_rivals


def test_models_of_a_file_are_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "reviews.csv").write_text("text,label\na,b\n")
    whole = TaskSpec(task=str(tmp_path / "reviews.csv"))
    monkeypatch.setattr(request, "evidence_of", lambda _: SimpleNamespace(data=data))
    data = SimpleNamespace(task_spec=json.loads(json.dumps(whole.to_dict())))
    store = SimpleNamespace(models=lambda: [SimpleNamespace(name="mine", is_example=False)])
    monkeypatch.chdir(tmp_path)
    spec = describe_rivals(store, TaskSpec(task="reviews.csv"), TrainingSpec(), kinds=[])
    assert (spec.task, spec.models) == (whole, ("mine",))
    other = TaskSpec(task="reviews.csv", labelled=10)
    assert describe_rivals(store, other, TrainingSpec(), kinds=[]).models == ()
