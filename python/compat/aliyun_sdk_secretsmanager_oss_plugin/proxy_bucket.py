"""The bucket of the official plug-in."""

from __future__ import annotations

from kmsramcred.oss import ProxyBucket

__all__ = ["ProxyBucket"]
