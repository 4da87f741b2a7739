"""Threads of the operating system, also in a program that gevent has patched."""

from __future__ import annotations

import sys
from typing import Any


def original(module: str, name: str) -> Any:
    """What `module.name` was before gevent put greenlets in its place."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(__import__(module), name)


def is_patched() -> bool:
    """Whether threads of this program are greenlets, so that a wait must not hold up the thread below them."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))
