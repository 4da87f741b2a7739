"""Programs written for the official plug-in, unchanged but for the endpoint, ride through a rotation."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("aliyunsdkcore")
pytest.importorskip("aliyunsdkecs")

from kms_emulator import Emulator

COMPAT = pathlib.Path(__file__).resolve().parents[1] / "compat"

CALLS = """
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
def call():
    request = DescribeInstancesRequest()
    request.set_PageSize("10")
    request.set_accept_format("json")
    request.set_endpoint(ENDPOINT)
    return client.do_action_with_exception(request)
call()
rotate()
call()
"""

PLAIN = """
from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
client = ProxyAcsClient(region_id="cn-hangzhou", secret_name=SECRET)
""" + CALLS + """
client.shutdown()
"""

HANDLER = """
from aliyun_sdk_secretsmanager_common_plugin.default_ak_expire_handler import AKExpireHandler
from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
from aliyunsdkcore.acs_exception.exceptions import ServerException
class AliyunSdkAKExpireHandler(AKExpireHandler):
    def judge_ak_expire(self, exception):
        return isinstance(exception, ServerException) and exception.get_error_code() == "InvalidAccessKeyId.NotFound"
client = ProxyAcsClient(SECRET, AliyunSdkAKExpireHandler(), region_id="cn-hangzhou")
""" + CALLS + """
client.shutdown()
"""

NAMED = """
from aliyun_sdk_secretsmanager_common_plugin.utils.config_loader import ConfigLoader
from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
import os
os.rename("managed_credentials_providers.properties", "your-config-name.properties")
ConfigLoader.set_config_name("your-config-name.properties")
assert ConfigLoader.get_config_name() == "your-config-name.properties"
client = ProxyAcsClient(secret_name=SECRET, region_id="cn-hangzhou")
""" + CALLS

MANAGER = """
from aliyun_sdk_secretsmanager_sdk_core_plugin.sdk_core_ak_expire_handler import SdkCoreAKExpireHandler
from aliyun_sdk_secretsmanager_sdk_core_plugin.secretsmanager_sdk_core_plugin_manager import \\
    SecretsManagerSdkCorePluginManager
SecretsManagerSdkCorePluginManager.set_ak_expire_handler(SdkCoreAKExpireHandler("InvalidAccessKeyId.NotFound"))
client = SecretsManagerSdkCorePluginManager.get_acs_client(SECRET, "cn-hangzhou")
other = SecretsManagerSdkCorePluginManager.get_acs_client(SECRET)
SecretsManagerSdkCorePluginManager.close_client(other, SECRET)
""" + CALLS + """
SecretsManagerSdkCorePluginManager.destroy()
assert client.is_close and other.is_close
"""

KEY = """
from aliyun_sdk_secretsmanager_common_plugin.aliyun_sdk_secretsmanager_plugins_manager import \\
    AliyunSdkSecretsManagerPluginsManager as Manager
from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
Manager.init()
client = ProxyAcsClient(SECRET)
before = Manager.get_access_key(SECRET)
assert before.access_key_id == Manager.get_access_key_id(SECRET) == client.get_access_key()
assert before.access_key_secret == before.get_access_key_secret() == Manager.get_access_key_secret(SECRET)
assert before.access_key_secret not in repr(before) and before.access_key_id not in repr(before)
assert before.expire_timestamp > before.generate_timestamp > 1_600_000_000_000
assert Manager.get_secret_name(SECRET) == SECRET
""" + CALLS + """
assert Manager.get_access_key_id(SECRET) != before.access_key_id
rotate()
Manager.refresh_secret_info(SECRET)
plugin = Manager.get_aliyun_sdk_secretsmanager_plugin()
Manager.shutdown()
assert not plugin.closed
call()
client.shutdown()
assert plugin.closed
assert Manager.get_access_key_id(SECRET) and Manager.get_aliyun_sdk_secretsmanager_plugin() is not plugin
Manager.shutdown()
"""

BUCKET = """
from aliyun_sdk_secretsmanager_oss_plugin.oss_ak_expire_handler import OssAkExpireHandler
from aliyun_sdk_secretsmanager_oss_plugin.proxy_bucket import ProxyBucket
bucket = ProxyBucket(secret_name=SECRET, endpoint="http://" + ENDPOINT, bucket_name="bucket")
bucket.put_object("before", b"data")
rotate()
bucket.put_object("after", b"data" * 100)
assert bucket.get_object("after").read() == b"data" * 100
bucket.shutdown()
assert OssAkExpireHandler("Gone").get_ak_expire_code() == "Gone"
"""

START = """
import sys
ENDPOINT, SECRET, CONTROL = sys.argv[1:]
from kms_emulator import Emulator
def rotate():
    Emulator({"control": CONTROL}).post("/secrets/" + SECRET + "/rotate", {"old": "dead"})
"""


@pytest.mark.parametrize(
    "program", [PLAIN, HANDLER, NAMED, MANAGER, KEY], ids=["plain", "handler", "named", "manager", "key"]
)
def test_a_program_for_the_official_plug_in_rides_through_a_rotation(
    emulator: Emulator, tmp_path: pathlib.Path, secret_name: str, program: str
) -> None:
    emulator.properties(tmp_path)
    service = "of-" + secret_name
    host = emulator.post("/services", {"name": service})["host"]
    path = f"{COMPAT}:{pathlib.Path(__file__).parent}"
    done = subprocess.run(
        [sys.executable, "-c", START + program, host, secret_name, emulator.ready["control"]],
        cwd=tmp_path,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert emulator.service(service)["refused"] >= 1, "the old key was met"


def test_what_cannot_be_supported_says_so() -> None:
    from aliyun_sdk_secretsmanager_common_plugin.aliyun_sdk_secretsmanager_plugins_manager import (
        AliyunSdkSecretsManagerPluginsManager,
    )
    from aliyun_sdk_secretsmanager_sdk_core_plugin.secretsmanager_sdk_core_plugin_manager import (
        SecretsManagerSdkCorePluginManager,
    )

    with pytest.raises(TypeError, match="configuration file"):
        AliyunSdkSecretsManagerPluginsManager.init(loader=object())
    with pytest.raises(TypeError, match="Use the client"):
        SecretsManagerSdkCorePluginManager.get_acs_client("name", default_client=object())
    with pytest.raises(ValueError, match="secret_name"):
        AliyunSdkSecretsManagerPluginsManager.get_access_key_id("")


def test_a_program_for_the_plug_in_for_oss_rides_through_a_rotation(
    emulator: Emulator, tmp_path: pathlib.Path, secret_name: str
) -> None:
    pytest.importorskip("oss2")
    emulator.properties(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", START + BUCKET, emulator.ready["oss_host"], secret_name, emulator.ready["control"]],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{COMPAT}:{pathlib.Path(__file__).parent}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
