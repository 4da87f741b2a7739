"""The secret an adapter was given, as itself or by name."""

from __future__ import annotations

import weakref

from kmsramcred import Secret, _shared


def opened(secret: Secret | str, user: object) -> Secret:
    """The secret. For a name the client of the configuration file is shared until ``user`` is gone."""
    if isinstance(secret, str):
        shared = _shared.borrow()
        ending = weakref.finalize(user, _shared.give_back, shared)
        # Exit closes nothing: other threads may still be at work then.
        ending.atexit = False
        return shared.client.secret(secret)
    return secret
