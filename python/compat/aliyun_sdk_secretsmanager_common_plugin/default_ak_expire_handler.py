"""Judging by the service's error code."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from aliyun_sdk_secretsmanager_common_plugin.ak_expire_handler import AKExpireHandler


class DefaultAKExpireHandler(AKExpireHandler):
    """Calls a key dead when the error has one certain code."""

    def judge_ak_expire(self, exception: Any) -> bool:
        return bool(self.get_error_code(exception) == self.get_ak_expire_code())

    @abstractmethod
    def get_error_code(self, exception: Any) -> str | None:
        """The code of an error."""

    @abstractmethod
    def get_ak_expire_code(self) -> str:
        """The code that means a dead key."""
