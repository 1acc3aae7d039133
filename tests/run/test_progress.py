from eobench.run._progress import Tracker


def test_counts_include_what_was_known_before():
    tracker = Tracker(5, {"ok": 2, "failed": 1}, {"m": 2}, jobs=1)
    now = tracker.snapshot()
    assert (now.total, now.cached, now.done, now.failed) == (5, 3, 3, 1)
    assert now.eta_seconds is None


def test_time_left_follows_the_mean_of_each_method(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("eobench.run._progress.time.monotonic", lambda: clock[0])
    tracker = Tracker(7, {}, {"slow": 3, "fast": 4}, jobs=2)
    for key, method, seconds in (("a", "slow", 10.0), ("b", "fast", 1.0)):
        tracker.started(key, key, method)
        clock[0] += seconds
        tracker.finished(key, method, "ok")
    assert tracker.snapshot().eta_seconds == (2 * 10 + 3 * 1) / 2
    tracker.started("c", "c", "slow")
    clock[0] += 4
    assert tracker.snapshot().eta_seconds == (2 * 10 + 3 * 1 - 4) / 2
    assert tracker.snapshot().running == (("c", 4.0),)


def test_the_last_cells_are_not_divided_among_idle_workers(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("eobench.run._progress.time.monotonic", lambda: clock[0])
    tracker = Tracker(2, {}, {"m": 2}, jobs=8)
    tracker.started("a", "a", "m")
    clock[0] += 10
    tracker.finished("a", "m", "timeout")
    assert tracker.snapshot().eta_seconds == 10
    assert tracker.snapshot().failed == 1


def test_a_method_not_seen_yet_counts_as_the_mean_of_all(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("eobench.run._progress.time.monotonic", lambda: clock[0])
    tracker = Tracker(3, {}, {"m": 1, "new": 2}, jobs=1)
    tracker.started("a", "a", "m")
    clock[0] += 3
    tracker.finished("a", "m", "ok")
    assert tracker.snapshot().eta_seconds == 6
