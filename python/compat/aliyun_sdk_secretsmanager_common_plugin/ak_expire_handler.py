"""Judging which errors mean a dead key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class AKExpireHandler(ABC):
    """Says of an error of a service whether the AccessKey is to blame."""

    @abstractmethod
    def judge_ak_expire(self, exception: Any) -> bool:
        """True: fetch the secret anew and send the call again."""
