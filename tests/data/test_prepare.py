"""Preparing a folder: once, whole or not at all."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from eobench.data import (
    RESUME_FOLDER,
    DataError,
    EobenchError,
    Preparation,
    PreparationStoppedError,
    prepare_folder,
    progress_to,
    report_progress,
)


def write(folder: Path) -> None:
    (folder / "dataset.json").write_text("{}")
    (folder / "values.npy").write_text("values")


def never(folder: Path) -> None:
    raise AssertionError(f"{folder} is written a second time")


def test_a_prepared_folder_is_written_once(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "set"
    assert prepare_folder(target, write) == target
    assert sorted(p.name for p in target.iterdir()) == ["dataset.json", "values.npy"]
    assert prepare_folder(target, never) == target


def test_what_fails_leaves_no_folder(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        prepare_folder(tmp_path / "set", fail)
    assert [p.name for p in tmp_path.iterdir()] == [".set.lock"]
    assert (prepare_folder(tmp_path / "set", write) / "values.npy").is_file()


def test_a_writer_that_writes_no_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"wrote no dataset\.json"):
        prepare_folder(tmp_path / "set", lambda folder: None)
    assert not (tmp_path / "set").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.tex").write_text("precious")
    with pytest.raises(DataError, match=r"holds no dataset\.json"):
        prepare_folder(tmp_path / "set", never)
    assert (tmp_path / "set" / "thesis.tex").read_text() == "precious"


def _slow(folder: Path, log: Path) -> None:
    (folder / "values.npy").write_text("half")
    with log.open("a") as stream:
        stream.write("started\n")
    time.sleep(0.2)
    write(folder)


def _prepare_slowly(target: Path, log: Path) -> None:
    prepare_folder(target, lambda folder: _slow(folder, log))
    assert (target / "values.npy").read_text() == "values"


def test_many_processes_at_once_write_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    arguments = (tmp_path / "set", tmp_path / "log")
    workers = [context.Process(target=_prepare_slowly, args=arguments) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert [w.exitcode for w in workers] == [0, 0, 0, 0]
    assert (tmp_path / "log").read_text() == "started\n"


def _hang(target: Path, log: Path) -> None:
    def write_half(folder: Path) -> None:
        (folder / "dataset.json").write_text("{")
        log.write_text("started")
        time.sleep(60)

    prepare_folder(target, write_half)


def test_what_a_killed_process_left_is_never_seen_and_is_removed(tmp_path: Path) -> None:
    target, log = tmp_path / "place" / "set", tmp_path / "log"
    worker = multiprocessing.get_context("fork").Process(target=_hang, args=(target, log))
    worker.start()
    end = time.monotonic() + 20
    while not log.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(20)
    assert not target.exists()
    assert len(list(target.parent.glob(".set.part-*"))) == 1
    prepare_folder(target, write)
    assert sorted(p.name for p in target.parent.iterdir()) == [".set.lock", "set"]
    assert (target / "dataset.json").read_text() == "{}"


def _half(folder: Path) -> None:
    assert not list(folder.iterdir())
    (folder / RESUME_FOLDER).mkdir()
    (folder / "dataset.json").write_text("{")
    (folder / "values.npy").write_text("half")


def _rest(folder: Path) -> None:
    assert (folder / "values.npy").read_text() == "half"
    assert (folder / RESUME_FOLDER).is_dir()
    write(folder)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, PreparationStoppedError])
def test_a_resumable_writer_that_is_stopped_gets_its_folder_again(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    def write_half(folder: Path) -> None:
        _half(folder)
        raise stop

    with pytest.raises(stop) as caught:
        prepare_folder(tmp_path / "set", write_half)
    assert "what is done is kept" in caught.value.__notes__[0]
    assert not (tmp_path / "set").exists()
    prepare_folder(tmp_path / "set", _rest)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".set.lock", "set"]
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == ["dataset.json", "values.npy"]


@pytest.mark.parametrize("resumable", [True, False])
def test_only_what_was_stopped_and_can_be_gone_on_with_is_kept(tmp_path: Path, resumable: bool) -> None:
    def fail(folder: Path) -> None:
        _half(folder)
        if resumable:
            raise ValueError
        (folder / RESUME_FOLDER).rmdir()
        raise KeyboardInterrupt

    with pytest.raises((ValueError, KeyboardInterrupt)):
        prepare_folder(tmp_path / "set", fail)
    assert [p.name for p in tmp_path.iterdir()] == [".set.lock"]


def test_progress_is_told_with_its_folder_to_who_listens(tmp_path: Path) -> None:
    def write_slowly(folder: Path) -> None:
        report_progress(1, 2, "tiles", size=10)
        write(folder)

    report_progress(1, 2)  # nobody listens
    told: list[Preparation] = []
    with progress_to(told.append):
        prepare_folder(tmp_path / "set", write_slowly)
        prepare_folder(tmp_path / "set", write_slowly)
    report_progress(1, 2)
    assert told == [Preparation("set", 1, 2, "tiles", 10, 0)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EobenchError, match="cannot be written"):
        prepare_folder(tmp_path / "set", write)


def test_a_place_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EobenchError, match="cannot be made"):
        prepare_folder(tmp_path / "file" / "deeper" / "set", write)
