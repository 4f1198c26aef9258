"""Taking turns at training."""

import threading

from bort.core.machine import turns
from bort.core.progress import Stage


def test_one_place_for_all_cores_and_more_for_fewer_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "usable_cores", lambda: 4)
    tried = []

    def give_up() -> bool:
        tried.append(True)
        return True

    with (
        turns.training_turn(2, give_up, folder=tmp_path),
        turns.training_turn(2, give_up, folder=tmp_path),
    ):
        assert not tried
        with turns.training_turn(None, give_up, folder=tmp_path):
            assert tried
    with turns.training_turn(None, give_up, folder=tmp_path):
        assert len(tried) == 1


def test_who_waits_goes_on_when_the_other_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "usable_cores", lambda: 2)
    order = []

    def second() -> None:
        with turns.training_turn(2, lambda: False, folder=tmp_path):
            order.append("second")

    with turns.training_turn(2, lambda: False, folder=tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_who_waits_is_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "usable_cores", lambda: 1)
    asked, told = [], []

    def give_up_at_the_third() -> bool:
        asked.append(True)
        return len(asked) == 3

    with turns.training_turn(1, lambda: False, on_step=told.append, folder=tmp_path):
        assert not told
        with turns.training_turn(1, give_up_at_the_third, on_step=told.append, folder=tmp_path):
            assert [step.stage for step in told] == [Stage.WAITING_FOR_TRAINING]
