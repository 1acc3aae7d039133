"""Classifiers and clusterings of series keep the contract of methods."""

from __future__ import annotations

from eobench.testing import MethodContract


class TestNearestNeighbour(MethodContract):
    method = "1nn"


class TestNearestNeighbourOfASubset(MethodContract):
    method = "1nn[subset=0.1,fill=gaussian,scaling=series]"


class TestNearestNeighbourDTW(MethodContract):
    method = "1nn-dtw"


class TestSVM(MethodContract):
    method = "svm"
