"""Taking the body of an oss2 request back to where it was before it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oss2 import utils

from kmsramcred._replay import _position

_IN_MEMORY = (type(None), bytes, bytearray, memoryview, str)

#: oss2 wraps bodies in these, one in another: where each holds what it wraps, and all that it is made of. One that
#: has more is of a version that we do not know, and then its body counts as gone.
_ADAPTERS: dict[str, tuple[str, frozenset[str]]] = {
    "SizedFileAdapter": ("file_object", frozenset({"file_object", "size", "offset"})),
    "_BytesAndFileAdapter": (
        "data",
        frozenset({"data", "progress_callback", "size", "offset", "crc_callback", "cipher_callback"}),
    ),
    "_FileLikeAdapter": (
        "fileobj",
        frozenset({"fileobj", "progress_callback", "offset", "crc_callback", "cipher_callback", "discard", "read_all"}),
    ),
}

Rewind = Callable[[], None]


def rewinder(body: Any) -> Rewind | None:
    """What takes the body back to where it is now; None if nothing can. Nothing is copied."""
    if isinstance(body, _IN_MEMORY):
        return _nothing
    if type(body).__module__ == utils.__name__:
        return _adapter_rewinder(body)
    position = _position(body)
    if position is None:
        return None

    def rewind() -> None:
        body.seek(position)

    return rewind


def _nothing() -> None:
    pass


def _adapter_rewinder(adapter: Any) -> Rewind | None:
    """In place: after the send oss2 asks this very object for the checksum of what was read through it."""
    inner, known = _ADAPTERS.get(type(adapter).__name__, ("", frozenset()))
    state = dict(vars(adapter))
    if inner not in state or not state.keys() <= known:
        return None
    if state.get("cipher_callback") is not None:
        # A cipher does not go back: the same bytes would come out encrypted differently.
        return None
    rewind_inner = rewinder(state[inner])
    checksum: Any = state.get("crc_callback")
    if rewind_inner is None or not (checksum is None or type(checksum) is utils.Crc64):
        return None
    sum_before: Any = None if checksum is None else checksum.crc64.crcValue

    def rewind() -> None:
        rewind_inner()
        vars(adapter).update(state)
        if checksum is not None:
            checksum.crc64.crcValue = sum_before

    return rewind
