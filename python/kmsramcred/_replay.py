"""Sending a request object of the V1 SDK again as if it had never been sent."""

from __future__ import annotations

import contextlib
from typing import Any

_FROM_THE_START = (type(None), bytes, bytearray, memoryview, str, dict, list, tuple)


class Replay:
    """What a send changes on a request, as it was before the first send."""

    __slots__ = ("_content", "_headers", "_position", "_request", "possible")

    def __init__(self, request: Any) -> None:
        self._request = request
        self._headers = dict(request.get_headers())
        self._content = request.get_content()
        self._position: int | None = None
        #: Whether the body can be sent again from the start.
        self.possible = isinstance(self._content, _FROM_THE_START)
        if not self.possible:
            self._position = _position(self._content)
            self.possible = self._position is not None

    def clean(self) -> None:
        """After every send: the SDK would otherwise wrap this send's User-Agent into that of the next one."""
        headers = self._request.get_headers()
        headers.pop("User-Agent", None)
        if "User-Agent" in self._headers:
            headers["User-Agent"] = self._headers["User-Agent"]
        # Whoever sends the request again may use a key without a token.
        forget_token(self._request)

    def rewind(self) -> None:
        """Before sending again. In place: a CommonRequest shares its headers with the request it wraps."""
        headers = self._request.get_headers()
        headers.clear()
        headers.update(self._headers)
        self._request.set_content(self._content)
        if self._position is not None:
            self._content.seek(self._position)


def forget_token(request: Any) -> None:
    """Takes the token of the last send's key out of the request."""
    request.get_query_params().pop("SecurityToken", None)
    request.get_headers().pop("x-acs-security-token", None)


def _position(content: Any) -> int | None:
    """Where the body starts, if one can go back there."""
    # Whatever a file-like object raises here, it cannot be rewound.
    with contextlib.suppress(Exception):
        position = content.tell()
        content.seek(position)
        return int(position)
    return None
