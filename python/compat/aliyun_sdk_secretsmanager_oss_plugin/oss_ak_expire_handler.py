"""Judging errors of oss2."""

from __future__ import annotations

from typing import Any

from aliyun_sdk_secretsmanager_common_plugin.default_ak_expire_handler import DefaultAKExpireHandler
from oss2.exceptions import ServerError

AK_EXPIRE_ERROR_CODE = "InvalidAccessKeyId"


class OssAkExpireHandler(DefaultAKExpireHandler):
    """Calls a key dead when OSS answers ``ak_expire_error_code``."""

    def __init__(self, ak_expire_error_code: str | None = None) -> None:
        self.ak_expire_error_code = ak_expire_error_code or AK_EXPIRE_ERROR_CODE

    def get_error_code(self, exception: Any) -> str | None:
        code: str | None = exception.code if isinstance(exception, ServerError) else None
        return code

    def get_ak_expire_code(self) -> str:
        return self.ak_expire_error_code
