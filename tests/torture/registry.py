"""The list of scenarios: what each is called, and how often it is wanted."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Callable

import torture.scenarios


@dataclass(frozen=True)
class Scenario:
    """A fault of the matrix and the function that injects it."""

    fault: str
    title: str
    run: Callable
    # Rounds wanted in half an hour; a shorter run wants proportionally fewer, but one run at least.
    goal: int
    # Whether it is part of the short run that goes with the other tests.
    is_quick: bool


_found = []


def scenario(fault, title, goal, is_quick=False):
    """Registers a function that takes a world."""

    def register(function):
        _found.append(Scenario(fault, title, function, goal, is_quick))
        return function

    return register


def all_scenarios():
    """Every scenario, in the order of the fault matrix."""
    for module in pkgutil.iter_modules(torture.scenarios.__path__):
        importlib.import_module(f"torture.scenarios.{module.name}")
    return sorted(_found, key=lambda one: int(one.fault.removeprefix("F").split("-")[0]))
