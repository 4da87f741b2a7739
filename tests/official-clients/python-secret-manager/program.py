"""Fetches secrets with aliyun-secret-manager-client, which takes its settings from the environment.

Orders and answers are lines of JSON: see ../README.md.
"""

import json
import sys

from alibaba_cloud_secretsmanager_client.secret_manager_cache_client_builder import SecretManagerCacheClientBuilder
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException


def answer(client, order):
    if order["do"] == "refresh":
        return {"ok": client.refresh_now(order["secret"])}
    found = client.get_secret_info(order["secret"])
    return {"ok": {"secret": found.secret_name, "value": found.secret_value, "version": found.version_id}}


def main():
    client = SecretManagerCacheClientBuilder.new_client()
    for line in sys.stdin:
        try:
            said = answer(client, json.loads(line))
        except (ClientException, ServerException) as error:
            said = {"error": {"code": error.get_error_code(), "message": error.get_error_msg()}}
        print(json.dumps(said), flush=True)
    client.close()


if __name__ == "__main__":
    main()
