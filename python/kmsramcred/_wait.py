"""Waits of the native module, which under gevent must not hold up the other greenlets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmsramcred import _native_thread
from kmsramcred.errors import KmsRamCredError

if TYPE_CHECKING:
    from kmsramcred import Credential, Secret, Verdict


def credential(secret: Secret) -> Credential:
    """``secret.credential()``; under gevent a real wait happens in the hub's pool of threads."""
    if not _native_thread.is_patched():
        return secret.credential()
    try:
        return secret.credential(0)
    except KmsRamCredError:
        # Nothing is at hand: a look says no more than that.
        found: Credential = _in_pool(secret.credential)
        return found


def report_failure(secret: Secret, *report: Any) -> Verdict:
    """``secret.report_failure(...)``, in the same way."""
    if not _native_thread.is_patched():
        return secret.report_failure(*report)
    verdict: Verdict = _in_pool(secret.report_failure, *report)
    return verdict


def _in_pool(work: Any, *arguments: Any) -> Any:
    import gevent

    return gevent.get_hub().threadpool.apply(work, arguments)
