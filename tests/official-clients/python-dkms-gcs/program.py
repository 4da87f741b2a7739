"""Fetches secrets from a KMS instance with alibabacloud-dkms-gcs.

Orders and answers are lines of JSON: see ../README.md.
"""

import json
import sys

from openapi.models import Config
from sdk.client import Client
from sdk.models import GetSecretValueRequest
from Tea.exceptions import TeaException, UnretryableException


def answer(order):
    config = Config(
        protocol="https",
        region_id="cn-hangzhou",
        endpoint=order["endpoint"],
        ca_file_path=order["ca_file"],
        client_key_file=order["client_key_file"],
        password=order["password"],
    )
    found = Client(config).get_secret_value(GetSecretValueRequest(secret_name=order["secret"]))
    return {"ok": {"secret": found.secret_name, "value": found.secret_data, "version": found.version_id}}


def main():
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except TeaException as error:
            said = {"error": {"code": error.code, "message": error.message}}
        except UnretryableException as error:
            said = {"error": {"code": "", "message": str(error.inner_exception or error)}}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
