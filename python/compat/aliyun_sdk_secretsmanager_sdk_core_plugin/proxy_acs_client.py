"""The client of the official plug-in."""

from __future__ import annotations

from kmsramcred.acs import ProxyAcsClient

__all__ = ["ProxyAcsClient"]
