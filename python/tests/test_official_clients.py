"""The emulator against the official SDKs, unmodified.

They keep its verifier honest: what they sign must be accepted, and what they get must decode.
"""

import json

import pytest

core = pytest.importorskip("aliyunsdkcore.client")

REGION = "cn-hangzhou"


def core_client(ready, host, key_id=None, key_secret=None):
    client = core.AcsClient(
        key_id or ready["access_key_id"],
        key_secret or ready["access_key_secret"],
        REGION,
        auto_retry=False,
        verify=ready["ca_path"],
    )
    client.add_endpoint(REGION, "Kms", host)
    client.add_endpoint(REGION, "Ecs", host)
    return client


def core_secret(ready, name, **parameters):
    request_class = pytest.importorskip("aliyunsdkkms.request.v20160120.GetSecretValueRequest").GetSecretValueRequest
    request = request_class()
    request.set_SecretName(name)
    for field, value in parameters.items():
        getattr(request, "set_" + field)(value)
    return json.loads(core_client(ready, ready["kms_host"]).do_action_with_exception(request))


def core_regions(ready, host, key_id=None, key_secret=None, protocol="https"):
    request_class = pytest.importorskip("aliyunsdkecs.request.v20140526.DescribeRegionsRequest").DescribeRegionsRequest
    request = request_class()
    request.set_protocol_type(protocol)
    client = core_client(ready, host, key_id, key_secret)
    return json.loads(client.do_action_with_exception(request))


def tea_secret(ready, name, **settings):
    kms = pytest.importorskip("alibabacloud_kms20160120.client")
    kms_models = pytest.importorskip("alibabacloud_kms20160120.models")
    openapi_models = pytest.importorskip("alibabacloud_tea_openapi.models")
    settings.setdefault("access_key_id", ready["access_key_id"])
    settings.setdefault("access_key_secret", ready["access_key_secret"])
    settings.setdefault("endpoint", ready["kms_host"])
    settings.setdefault("protocol", "HTTPS")
    config = openapi_models.Config(region_id=REGION, ca=ready["ca_path"], **settings)
    request = kms_models.GetSecretValueRequest(secret_name=name, fetch_extended_config=True)
    return kms.Client(config).get_secret_value(request).body


def test_core_sdk_gets_a_secret_over_tls(emulator):
    emulator.post("/secrets", {"name": "core/a b~*+é"})
    value = core_secret(emulator.ready, "core/a b~*+é", FetchExtendedConfig=True)
    assert value["SecretName"] == "core/a b~*+é"
    assert value["VersionStages"] == {"VersionStage": ["ACSCurrent"]}
    assert json.loads(value["ExtendedConfig"])["SecretSubType"] == "RamUserAccessKey"
    assert set(json.loads(value["SecretData"])) == {"AccessKeyId", "AccessKeySecret", "GenerateTimestamp"}


def test_core_sdk_follows_a_rotation_of_its_key(emulator):
    exceptions = pytest.importorskip("aliyunsdkcore.acs_exception.exceptions")
    emulator.post("/secrets", {"name": "core-rotation"})
    ready = emulator.ready

    def key():
        data = json.loads(core_secret(ready, "core-rotation")["SecretData"])
        return data["AccessKeyId"], data["AccessKeySecret"]

    old = key()
    for host, protocol in ((ready["services_tls"]["default"], "https"), (ready["services"]["default"], "http")):
        assert core_regions(ready, host, *old, protocol=protocol)["Regions"] == {"Region": []}
    emulator.post("/secrets/core-rotation/rotate", {})
    with pytest.raises(exceptions.ServerException) as refused:
        core_regions(ready, ready["services_tls"]["default"], *old)
    assert refused.value.get_error_code() == "InvalidAccessKeyId.NotFound"
    assert refused.value.get_http_status() == 404
    new = key()
    assert new != old
    assert core_regions(ready, ready["services_tls"]["default"], *new)["AccessKeyId"] == new[0][-4:]


def test_core_sdk_recognises_a_wrong_secret(emulator):
    """It does so by comparing the string to sign in the message with its own, so that string must be exact."""
    exceptions = pytest.importorskip("aliyunsdkcore.acs_exception.exceptions")
    ready = emulator.ready
    with pytest.raises(exceptions.ServerException) as refused:
        core_regions(ready, ready["services_tls"]["default"], ready["access_key_id"], "wrong")
    assert refused.value.get_error_code() == "InvalidAccessKeySecret"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_core_sdk_roa_signature_is_accepted(emulator, method):
    request_class = pytest.importorskip("aliyunsdkcore.request").CommonRequest
    ready = emulator.ready
    request = request_class(domain=ready["services"]["default"], version="2015-12-15", uri_pattern="/clusters/[Id]/x")
    request.set_method(method)
    request.set_protocol_type("http")
    request.add_path_param("Id", "c-1")
    request.add_query_param("b", "2 3")
    request.add_query_param("a", "ü")
    if method == "POST":
        request.add_header("Content-Type", "application/json")
        request.set_content(b'{"k": 1}')
    client = core_client(ready, ready["services"]["default"])
    answer = json.loads(client.do_action_with_exception(request))
    assert answer["Action"] == method + " /clusters/c-1/x"


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "rpc-v1"])
@pytest.mark.parametrize("protocol", ["HTTPS", "HTTP"])
def test_tea_sdk_gets_a_secret(emulator, algorithm, protocol):
    name = "tea/{} {}".format(algorithm, protocol)
    emulator.post("/secrets", {"name": name})
    host = emulator.ready["kms_host" if protocol == "HTTPS" else "kms_plain_host"]
    value = tea_secret(emulator.ready, name, signature_algorithm=algorithm, protocol=protocol, endpoint=host)
    assert value.secret_name == name
    assert value.secret_type == "RAMCredentials"
    assert value.version_stages.version_stage == ["ACSCurrent"]
    assert json.loads(value.secret_data)["AccessKeyId"]


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "rpc-v1"])
def test_tea_sdk_passes_a_security_token(emulator, algorithm):
    emulator.post("/secrets", {"name": "tea-token-%s" % algorithm})
    caller = {"access_key_id": "STS.tea", "access_key_secret": "s", "security_token": "tok/+=="}
    emulator.post("/callers", caller)
    assert tea_secret(emulator.ready, "tea-token-%s" % algorithm, signature_algorithm=algorithm, **caller).secret_data


def test_tea_sdk_sees_the_errors_of_kms(emulator):
    exceptions = pytest.importorskip("alibabacloud_tea_openapi.exceptions")
    with pytest.raises(exceptions.ClientException) as refused:
        tea_secret(emulator.ready, "tea-absent")
    assert refused.value.code == "Forbidden.ResourceNotFound"
    assert refused.value.status_code == 404
    fault = emulator.post("/faults", {"at": "kms", "secret": "tea-absent", "kind": "throttle", "times": 1})
    with pytest.raises(exceptions.ClientException) as throttled:
        tea_secret(emulator.ready, "tea-absent")
    assert throttled.value.code == "Rejected.Throttling"
    emulator.delete("/faults/%d" % fault["id"])


@pytest.mark.parametrize("v1_only", [False, True])
def test_credentials_sdk_takes_an_identity_from_the_metadata_service(emulator, monkeypatch, v1_only):
    ecs = pytest.importorskip("alibabacloud_credentials.provider.ecs_ram_role")
    host = emulator.ready["metadata"].split("//")[1]
    emulator.post("/metadata", {"role": "app", "v2": not v1_only, "v1": v1_only})
    emulator.post("/secrets", {"name": "metadata-%s" % v1_only})
    provider = ecs.EcsRamRoleCredentialsProvider()
    redirect_metadata(monkeypatch, host)
    found = provider.get_credentials()
    assert found.get_access_key_id().startswith("STS.")
    value = tea_secret(
        emulator.ready,
        "metadata-%s" % v1_only,
        access_key_id=found.get_access_key_id(),
        access_key_secret=found.get_access_key_secret(),
        security_token=found.get_security_token(),
    )
    assert value.secret_data
    emulator.post("/metadata", {"role": None, "v2": True, "v1": True})


def redirect_metadata(monkeypatch, host):
    """The SDK has the address of the metadata service built in: send what is meant for it to the emulator."""
    sessions = pytest.importorskip("requests").Session
    send = sessions.send

    def to_emulator(session, request, **options):
        request.url = request.url.replace("100.100.100.200", host)
        return send(session, request, **options)

    monkeypatch.setattr(sessions, "send", to_emulator)


@pytest.fixture
def role(emulator, monkeypatch):
    """The ARN of a role; the SDK has no setting for an authority, so its sessions are given the emulator's."""
    sessions = pytest.importorskip("requests").Session
    send = sessions.send

    def trusting_the_emulator(session, request, **options):
        options["verify"] = emulator.ready["ca_path"]
        return send(session, request, **options)

    monkeypatch.setattr(sessions, "send", trusting_the_emulator)
    name = "role-%d" % len(emulator.get("/roles")["roles"])
    return emulator.post("/roles", {"name": name})["arn"]


def assert_kms_accepts(emulator, found):
    name = found.get_access_key_id()
    emulator.post("/secrets", {"name": name})
    assert name.startswith("STS.")
    value = tea_secret(
        emulator.ready,
        name,
        access_key_id=name,
        access_key_secret=found.get_access_key_secret(),
        security_token=found.get_security_token(),
    )
    assert value.secret_name == name


def test_credentials_sdk_assumes_a_role(emulator, role):
    ram = pytest.importorskip("alibabacloud_credentials.provider.ram_role_arn")
    ready = emulator.ready
    provider = ram.RamRoleArnCredentialsProvider(
        access_key_id=ready["access_key_id"],
        access_key_secret=ready["access_key_secret"],
        role_arn=role,
        role_session_name="official",
        duration_seconds=900,
        policy='{"Version":"1"}',
        sts_endpoint=ready["sts_host"],
    )
    assert_kms_accepts(emulator, provider.get_credentials())


def test_credentials_sdk_trades_an_oidc_token(emulator, role, tmp_path):
    oidc = pytest.importorskip("alibabacloud_credentials.provider.oidc")
    exceptions = pytest.importorskip("alibabacloud_credentials.exceptions")
    provider_arn = emulator.post("/oidc-providers", {"name": "official"})["arn"]
    emulator.post("/oidc-providers/official/tokens", {"token": "good.token"})
    token_file = tmp_path / "token"

    def credentials(token):
        token_file.write_text(token)
        return oidc.OIDCRoleArnCredentialsProvider(
            role_arn=role,
            oidc_provider_arn=provider_arn,
            oidc_token_file_path=str(token_file),
            role_session_name="official",
            sts_endpoint=emulator.ready["sts_host"],
        ).get_credentials()

    assert_kms_accepts(emulator, credentials("good.token"))
    with pytest.raises(exceptions.CredentialException, match="AuthenticationFail.OIDCToken.Invalid"):
        credentials("other.token")


def test_credentials_sdk_reads_a_credentials_uri(emulator, role):
    uri = pytest.importorskip("alibabacloud_credentials.provider.uri")
    emulator.post("/credentials-uri", {"role": role.split("/")[-1]})
    provider = uri.URLCredentialsProvider(uri=emulator.ready["credentials_uri"])
    assert_kms_accepts(emulator, provider.get_credentials())
