"""Checks what `make wheels` has built: the platform of each wheel, every file in it, and that it works in a venv of its own.

usage: check.py FOLDER-WITH-WHEELS-AND-SDIST
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile
import venv
import zipfile

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / "kmsramcred"
#: The oldest glibc that a wheel may ask for.
FLOOR = (2, 17)
#: Without file, network or extras.
TRIAL = """
import kmsramcred
client = kmsramcred.Client(access_key_id="a", access_key_secret="b", cache_client_region_id='[{"regionId": "cn-hangzhou"}]')
assert client.secret("s").explain()["name"] == "s"
try:
    client.secret("s").credential(0)
except kmsramcred.NotReadyError:
    print("works", kmsramcred.__file__)
client.close()
"""


def said(*command: str | pathlib.Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_platform(wheel: pathlib.Path) -> None:
    text = said(sys.executable, "-m", "auditwheel", "show", wheel)
    found = re.search(r'platform tag:\s+"manylinux_(\d+)_(\d+)_\w+"', text)
    if not found or (int(found[1]), int(found[2])) > FLOOR:
        raise SystemExit(f"{wheel.name} runs with no glibc {FLOOR[0]}.{FLOOR[1]}:\n{text}")


def check_files(wheel: pathlib.Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {f"kmsramcred/{path.name}" for path in PACKAGE.iterdir() if path.suffix in (".py", ".pyi", ".typed")}
    native = {name for name in names if name.startswith("kmsramcred/") and name.endswith(".so")}
    found = {name for name in names if name.startswith("kmsramcred/")} - native
    if found != ours or len(native) != 1:
        raise SystemExit(f"{wheel.name}: missing {ours - found}, unknown {found - ours}, native {native}")
    if not any(name.endswith("licenses/LICENSE") for name in names):
        raise SystemExit(f"{wheel.name} has no licence")


#: The import paths of the official plug-in.
COMPAT_TRIAL = """
from aliyun_sdk_secretsmanager_common_plugin.utils.config_loader import ConfigLoader
from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
from aliyun_sdk_secretsmanager_oss_plugin.proxy_bucket import ProxyBucket
print("works", ProxyAcsClient.__module__, ProxyBucket.__module__)
"""


def check_works(archives: list[pathlib.Path], trial: str) -> None:
    """Installs them, which builds a source distribution."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = pathlib.Path(directory) / "bin" / "python"
        said(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *archives)
        # Not from the repository's own folder.
        print(archives[-1].name, subprocess.check_output([python, "-c", trial], cwd=directory, text=True).strip())


def main() -> None:
    folder = pathlib.Path(sys.argv[1]).resolve()
    wheels, sources = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if not wheels or len(sources) != 1:
        raise SystemExit(f"{folder} holds {wheels} and {sources}")
    for wheel in wheels:
        check_platform(wheel)
        check_files(wheel)
        check_works([wheel], TRIAL)
    check_works(sources, TRIAL)
    for compat in sorted(folder.glob("compat/*.whl")):
        check_works([wheels[0], compat], COMPAT_TRIAL)
    print(f"{len(wheels)} passed, 0 failed")


if __name__ == "__main__":
    main()
