"""Taking the body of an oss2 request back to where it was before it was sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from oss2 import utils

_IN_MEMORY = (type(None), bytes, bytearray, memoryview, str)

#: oss2 wraps bodies in these, one in another: where each holds what it wraps, and all that it is made of. One that
#: has more is of a version that we do not know, and then its body counts as gone.
_ADAPTERS: dict[Any, tuple[str, frozenset[str]]] = {
    getattr(utils, "SizedFileAdapter", None): ("file_object", frozenset({"file_object", "size", "offset"})),
    getattr(utils, "_BytesAndFileAdapter", None): (
        "data",
        frozenset({"data", "progress_callback", "size", "offset", "crc_callback", "cipher_callback"}),
    ),
    getattr(utils, "_FileLikeAdapter", None): (
        "fileobj",
        frozenset({"fileobj", "progress_callback", "offset", "crc_callback", "cipher_callback", "discard", "read_all"}),
    ),
}
_ADAPTERS.pop(None, None)

Rewind = Callable[[], None]


def state(body: Any) -> Any:
    """Where the body is now, for ``rewinder``. Most requests are never refused: whether it can go back is asked then.
    Nothing is copied."""
    adapter = _ADAPTERS.get(type(body))
    if adapter is not None:
        held = vars(body).copy()
        checksum = held.get("crc_callback")
        sum_now = checksum.crc64.crcValue if type(checksum) is utils.Crc64 else None
        inner = held.get(adapter[0])
        return held, sum_now, None if isinstance(inner, _IN_MEMORY) else state(inner)
    if isinstance(body, _IN_MEMORY):
        return None
    # Whatever a file-like object raises here, it cannot be rewound.
    with contextlib.suppress(Exception):
        return int(body.tell())
    return None


def rewinder(body: Any, before: Any) -> Rewind | None:
    """What takes the body back to the ``state`` it was in before; None if nothing can."""
    adapter = _ADAPTERS.get(type(body))
    if adapter is not None:
        return _adapter_rewinder(body, adapter, before)
    if isinstance(body, _IN_MEMORY):
        return _nothing
    if before is None:
        return None
    with contextlib.suppress(Exception):
        body.seek(body.tell())
        return lambda: body.seek(before)
    return None


def _nothing() -> None:
    pass


def _adapter_rewinder(adapter: Any, made_of: tuple[str, frozenset[str]], before: Any) -> Rewind | None:
    """In place: after the send oss2 asks this very object for the checksum of what was read through it."""
    inner, known = made_of
    held, sum_before, inner_before = before
    if inner not in held or not held.keys() <= known:
        return None
    if held.get("cipher_callback") is not None:
        # A cipher does not go back: the same bytes would come out encrypted differently.
        return None
    rewind_inner = rewinder(held[inner], inner_before)
    checksum: Any = held.get("crc_callback")
    if rewind_inner is None or not (checksum is None or type(checksum) is utils.Crc64):
        return None

    def rewind() -> None:
        rewind_inner()
        vars(adapter).update(held)
        if checksum is not None:
            checksum.crc64.crcValue = sum_before

    return rewind
