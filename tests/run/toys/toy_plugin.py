"""A plugin of methods that behave, and of methods that do what methods must not do."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from eobench.data import DatasetMissingError, UnsupportedError
from eobench.plugin import Method, MethodCard, Param, Predictions, Predictor, Pretraining, hookimpl

NAMES = (
    "mean",
    "raises",
    "short",
    "nan",
    "killed",
    "hangs",
    "exits",
    "hungry",
    "mutates",
    "prints",
    "odd",
    "refuses",
    "missing",
    "logs",
    "global-state",
    "slow",
    "killed-once",
    "no-space-once",
    "segfaults",
    "hogs",
    "forks",
    "bursts",
)


@hookimpl
def eobench_methods():
    every = ("full", "few", "bags", "none")
    cards = [
        MethodCard(
            name=name,
            summary="toy",
            load="toy_plugin:Toy",
            levels=every,
            params=(Param("behaviour", name, "what it does"), Param("note", "", "a file to write to")),
        )
        for name in NAMES
    ]
    cards.append(
        MethodCard(
            name="pretrained",
            summary="toy",
            load="toy_plugin:Pretrained",
            levels=every,
            outputs=("classes", "embeddings"),
            params=(
                Param("note", "", "a file to write to"),
                Param("fails", False, "whether pre-training fails"),
                Param("scale", 1.0, "matters"),
                Param("head", 1, "does not matter to pre-training"),
            ),
            pretraining=Pretraining(irrelevant=("supervision", "labels", "base_model", "params:head")),
        )
    )
    return cards


class Constant(Predictor):
    """Predicts one class, or whatever a misbehaving method wants."""

    parameters = 1
    steps = 3

    def __init__(self, behaviour, seed, shift=0):
        self.behaviour, self.seed, self.shift = behaviour, seed, shift

    def predict(self, inputs):
        n = len(inputs)
        classes = (np.random.default_rng(self.seed).integers(0, 3, n) + self.shift) % 3
        if self.behaviour == "short":
            return Predictions(classes=classes[:-1])
        if self.behaviour == "nan":
            return Predictions(classes=classes, probabilities=np.full((n, 3), np.nan, np.float32))
        if self.behaviour == "pretrained":
            return Predictions(classes=classes, embeddings=inputs.batch().values.mean(axis=2))
        return Predictions(classes=classes)

    def save(self, folder):
        pass

    @classmethod
    def load(cls, folder):
        return cls("mean", 0)


class Toy(Method):
    def fit(self, view, run):
        behaviour = self.params["behaviour"]
        if self.params["note"]:
            with Path(self.params["note"]).open("a") as file:
                file.write(f"{os.getpid()} {self.params['behaviour']} {run.seed}\n")
        made = getattr(self, "do_" + behaviour.replace("-", "_"), lambda *_: None)(view, run)
        return made if made is not None else Constant(behaviour, run.number("predict"))

    def do_slow(self, view, run):
        time.sleep(0.15)

    def do_raises(self, view, run):
        raise ValueError("no\nlearning   today")

    def do_killed(self, view, run):
        print("last words", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def do_killed_once(self, view, run):
        if self.first():
            os.kill(os.getpid(), signal.SIGKILL)

    def do_no_space_once(self, view, run):
        if self.first():
            raise RuntimeError("cannot save") from OSError(errno.ENOSPC, "No space left on device")

    def do_segfaults(self, view, run):
        print("before the fault", flush=True)
        ctypes.string_at(0)

    def do_hogs(self, view, run):
        block = np.ones(2**28)  # 2 GiB
        time.sleep(30)
        return block

    def do_bursts(self, view, run):
        np.ones(2**25)  # 256 MiB, for a moment

    def do_forks(self, view, run):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        Path(self.params["note"] + ".child").write_text(str(child.pid))
        time.sleep(60)

    def first(self):
        """True the first time that the note is written."""
        return len(Path(self.params["note"]).read_text().splitlines()) == 1

    def do_hangs(self, view, run):
        time.sleep(60)

    def do_exits(self, view, run):
        raise SystemExit(3)

    def do_hungry(self, view, run):
        raise MemoryError

    def do_mutates(self, view, run):
        view.labels[:] = 0

    def do_prints(self, view, run):
        print("chatter")
        os.write(2, b"noise\n")
        raise RuntimeError("after printing")

    def do_odd(self, view, run):
        return "no predictor"

    def do_refuses(self, view, run):
        raise UnsupportedError("one date is too few")

    def do_missing(self, view, run):
        raise DatasetMissingError("get it at the shop")

    def do_logs(self, view, run):
        run.log("loss", 0.5, 1)
        run.log("loss", 0.25, 2)
        run.artifact("weights", np.arange(3))

    def do_global_state(self, view, run):
        return Constant("mean", int(np.random.randint(2**31)))  # noqa: NPY002  what it must not do


class Pretrained(Method):
    def pretrain(self, view, run):
        if self.params["note"]:
            with Path(self.params["note"]).open("a") as file:
                file.write(f"pretrain {view.level} {len(view)} {run.seed}\n")
        assert view.labels is None
        if self.params["fails"]:
            raise ValueError("cannot pre-train")
        return {"w": np.array([self.params["scale"], run.seed % 1000], np.float64)}

    def fit(self, view, run):
        def compute():
            if self.params["note"]:
                with Path(self.params["note"]).open("a") as file:
                    file.write("embed\n")
            return {"e": np.ones(3, np.float32)}

        shared = run.stage("embed", compute)
        return Constant("pretrained", 0, shift=int(run.checkpoint["w"].sum() + shared["e"].sum()))
