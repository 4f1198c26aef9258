"""Progress of work whose parts take different times."""

from bort.core.progress import Counted, Progress, Stage


def test_what_is_left_goes_by_the_weight(monkeypatch) -> None:
    now = iter([0.0, 0.5, 2.0, 2.1])
    monkeypatch.setattr("bort.core.progress.time.monotonic", lambda: next(now))
    heard: list[Progress] = []
    counted = Counted(heard.append, Progress(total=30, stage=Stage.LABELLING), 100.0)
    counted.add(10, 10.0)  # too early to say
    counted.add(10, 30.0)
    counted.add(10, 60.0)
    assert [(step.done, step.total, step.eta_s) for step in heard] == [(20, 30, 3.0)]
