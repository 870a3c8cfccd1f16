"""The estimators of all files of adapters/ are names of hotwire.adapters."""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers, isclass
from pkgutil import walk_packages

from sklearn.base import BaseEstimator

import hotwire.adapters
from hotwire.adapters.alignment.aligner import Aligner
from hotwire.adapters.factored import FactoredAdapter
from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.nested import NestedAdapter

SHARED = {FactoredAdapter, NestedAdapter, Aligner}


def test_every_estimator_is_exported() -> None:
    modules = [import_module(one.name) for one in walk_packages(hotwire.adapters.__path__, "hotwire.adapters.")]
    classes = {kind for module in modules for _, kind in getmembers(module, isclass)}
    ours = {kind for kind in classes if issubclass(kind, BaseEstimator) and kind.__module__.startswith("hotwire.")}
    exported = {getattr(hotwire.adapters, name) for name in dir(hotwire.adapters)}
    assert ours - SHARED <= exported
    assert set(KINDS.values()) < ours
