"""Sending a request object of the V1 SDK again as if it had never been sent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmsramcred import Credential
    from kmsramcred._call import Call

_FROM_THE_START = (type(None), bytes, bytearray, memoryview, str, dict, list, tuple)


class Attempts:
    """The sends of one call of the user, ours after a refusal and the SDK's own after other errors, and what a send
    changes on the request, as it was before the first."""

    __slots__ = (
        "_before",
        "_content",
        "_headers",
        "_parameters",
        "_position",
        "_request",
        "answer",
        "call",
        "has_token",
        "signed_with",
    )

    def __init__(self, request: Any) -> None:
        self._request = request
        # The request's own: sends write into them, and a CommonRequest shares them with the request it wraps.
        self._headers = headers = request.get_headers()
        self._parameters = parameters = request.get_query_params()
        #: Whether there is one from before: whoever sent this request may have left that of a former key behind.
        self.has_token = "SecurityToken" in parameters or "x-acs-security-token" in headers
        self._before = headers.copy()
        self._content = content = request.get_content()
        self._position = None if isinstance(content, _FROM_THE_START) else _position(content)
        #: What the send that is running was signed with; None where somebody else's signer is at work.
        self.signed_with: Credential | None = None
        #: What the last send brought.
        self.answer: tuple[Any, Any, Any, Any] | None = None
        #: Begun by the first refusal.
        self.call: Call | None = None

    @property
    def possible(self) -> bool:
        """Whether the body can be sent again from the start."""
        return self._position is not None or isinstance(self._content, _FROM_THE_START)

    def clean(self) -> None:
        """After every send: the SDK would otherwise wrap this send's User-Agent into that of the next one."""
        headers = self._headers
        headers.pop("User-Agent", None)
        if "User-Agent" in self._before:
            headers["User-Agent"] = self._before["User-Agent"]
        if self.signed_with is not None:
            # The next key may have no token.
            self._parameters.pop("SecurityToken", None)
            headers.pop("x-acs-security-token", None)

    def forget_token(self) -> None:
        """Before our key is signed with: its own token, if it has one, is added then."""
        self._parameters.pop("SecurityToken", None)
        self._headers.pop("x-acs-security-token", None)

    def rewind(self) -> None:
        """Before sending again."""
        self._headers.clear()
        self._headers.update(self._before)
        self._request.set_content(self._content)
        if self._position is not None:
            self._content.seek(self._position)


def _position(content: Any) -> int | None:
    """Where the body starts, if one can go back there."""
    # Whatever a file-like object raises here, it cannot be rewound.
    with contextlib.suppress(Exception):
        position = content.tell()
        content.seek(position)
        return int(position)
    return None
