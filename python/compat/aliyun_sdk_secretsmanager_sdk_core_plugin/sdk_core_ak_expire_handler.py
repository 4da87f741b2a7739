"""Judging errors of the V1 SDK."""

from __future__ import annotations

from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ServerException

from aliyun_sdk_secretsmanager_common_plugin.default_ak_expire_handler import DefaultAKExpireHandler

AK_EXPIRE_ERROR_CODE = "InvalidAccessKeyId.NotFound"


class SdkCoreAKExpireHandler(DefaultAKExpireHandler):
    """Calls a key dead when a service answers ``ak_expire_error_code``."""

    def __init__(self, ak_expire_error_code: str | None = None) -> None:
        self.ak_expire_error_code = ak_expire_error_code or AK_EXPIRE_ERROR_CODE

    def get_error_code(self, exception: Any) -> str | None:
        code: str | None = exception.get_error_code() if isinstance(exception, ServerException) else None
        return code

    def get_ak_expire_code(self) -> str:
        return self.ak_expire_error_code
