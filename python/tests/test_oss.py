"""Buckets and services of the real oss2 against the emulator's OSS, while their key rotates."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

oss2 = pytest.importorskip("oss2")

from kmsramcred import Client, ClosedError
from kmsramcred.oss import ProxyBucket, ProxyCryptoBucket, ProxyService, SecretCredentialsProvider

from kms_emulator import Emulator

DATA = os.urandom(300_001)
BUCKET = "a-bucket"


class Stage:
    """OSS and one secret of the emulator, and a client for that secret."""

    def __init__(self, emulator: Emulator, secret_name: str, client: Client, directory: pathlib.Path) -> None:
        self.emulator, self.name, self.client, self.directory = emulator, secret_name, client, directory
        self.endpoint = "http://" + emulator.ready["oss_host"]
        #: The emulator's store is shared by all tests.
        self.key = secret_name

    def rotate(self, **how: Any) -> None:
        self.emulator.post(f"/secrets/{self.name}/rotate", {"old": "dead", **how})

    def fetched(self) -> int:
        return int(self.emulator.get("/counters")["kms"]["by_secret"].get(self.name, {}).get("requests", 0))

    def stored(self, key: str | None = None) -> dict[str, Any] | None:
        """What OSS says of the object, which is not what oss2 says of it."""
        objects = self.emulator.get("/objects")["objects"]
        return next((found for found in objects if found["key"] == (key or self.key)), None)

    def arrived(self, data: bytes, key: str | None = None) -> None:
        stored = self.stored(key)
        assert stored, "nothing was stored"
        assert (stored["size"], stored["etag"]) == (len(data), hashlib.md5(data).hexdigest().upper())

    def file(self, data: bytes = DATA) -> pathlib.Path:
        path = self.directory / "file"
        path.write_bytes(data)
        return path

    def bucket(self, **options: Any) -> ProxyBucket:
        return ProxyBucket(self.name, self.endpoint, BUCKET, client=self.client, **options)


@pytest.fixture
def stage(
    emulator: Emulator, secret_name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Client.from_file(emulator.properties(tmp_path)) as client:
        yield Stage(emulator, secret_name, client, tmp_path)


@pytest.fixture
def bucket(stage: Stage) -> ProxyBucket:
    bucket = stage.bucket()
    # With a key and a connection, as after some hours of work.
    bucket.put_object(stage.key + "-first", b"")
    return bucket


class OneWay:
    """A stream that cannot go back."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)


class HalfWay(io.BytesIO):
    """Does something when half of it was read for the first time."""

    def __init__(self, data: bytes, do: Callable[[], None]) -> None:
        super().__init__(data)
        self._do: Callable[[], None] | None = do
        self._half = len(data) // 2

    def read(self, size: int | None = -1) -> bytes:
        if self._do and self.tell() >= self._half:
            do, self._do = self._do, None
            do()
        return super().read(size)


def at_half(do: Callable[[], None]) -> Callable[[int, int | None], None]:
    """A progress callback that does it once half of DATA is under way."""
    pending = [do]

    def progress(consumed: int, _total: int | None) -> None:
        if pending and consumed >= len(DATA) // 2:
            pending.pop()()

    return progress


def from_the_middle(stage: Stage) -> io.BytesIO:
    stream = io.BytesIO(b"skipped" + DATA)
    stream.seek(7)
    return stream


BODIES: dict[str, Callable[[Stage], Any]] = {
    "bytes": lambda stage: DATA,
    "text": lambda stage: DATA.hex(),
    "stream": lambda stage: io.BytesIO(DATA),
    "stream-from-the-middle": from_the_middle,
    "file": lambda stage: stage.file().open("rb"),
    "file-unbuffered": lambda stage: stage.file().open("rb", buffering=0),
    "empty": lambda stage: b"",
}


def content(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    position = body.tell()
    data: bytes = body.read()
    body.seek(position)
    return data


@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.parametrize("crc", [False, True])
@pytest.mark.parametrize("kind", BODIES)
def test_what_can_be_read_again_arrives_whole(stage: Stage, kind: str, crc: bool, progress: bool) -> None:
    bucket = stage.bucket(enable_crc=crc)
    bucket.put_object(stage.key, b"old")
    stage.rotate()
    body = BODIES[kind](stage)
    data = content(body)
    seen: list[tuple[int, int]] = []
    options = {"progress_callback": lambda *at: seen.append(at)} if progress else {}
    bucket.put_object(stage.key, body, **options)
    stage.arrived(data)
    assert not progress or not data or seen[-1] == (len(data), len(data))


@pytest.mark.parametrize("crc", [False, True])
def test_a_rotation_in_the_middle_of_a_body(stage: Stage, crc: bool) -> None:
    bucket = stage.bucket(enable_crc=crc)
    bucket.put_object(stage.key, HalfWay(DATA, stage.rotate))
    stage.arrived(DATA)
    bucket.put_object(stage.key, DATA[::-1], progress_callback=at_half(stage.rotate))
    stage.arrived(DATA[::-1])
    assert stage.fetched() == 3


@pytest.mark.parametrize("crc", [False, True])
@pytest.mark.parametrize("kind", ["generator", "one-way"])
@pytest.mark.parametrize("progress", [False, True])
def test_what_is_gone_is_not_sent_again(stage: Stage, kind: str, crc: bool, progress: bool) -> None:
    bucket = stage.bucket(enable_crc=crc)
    bucket.put_object(stage.key, b"old")
    stage.rotate()
    options = {"progress_callback": lambda *_: None} if progress else {}

    def body() -> Any:
        return (DATA[at : at + 8192] for at in range(0, len(DATA), 8192)) if kind == "generator" else OneWay(DATA)

    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object(stage.key, body(), **options)
    assert (caught.value.status, caught.value.code) == (403, "InvalidAccessKeyId")
    stage.arrived(b"old")
    fetched = stage.fetched()
    bucket.put_object(stage.key, body(), **options)
    stage.arrived(DATA)
    assert stage.fetched() == fetched, "the key was fresh already"


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_every_kind_of_call_survives_a_rotation(stage: Stage, version: str) -> None:
    bucket = stage.bucket(auth_version=version, region="cn-hangzhou")
    key = stage.key
    calls: list[Callable[[], Any]] = [
        lambda: bucket.put_object(key, b"0123456789"),
        lambda: bucket.put_object_from_file(key + "/file", str(stage.file())),
        lambda: bucket.head_object(key),
        lambda: bucket.get_object_meta(key),
        lambda: bucket.object_exists(key) or pytest.fail("it is there"),
        lambda: bucket.get_object(key).read() == b"0123456789" or pytest.fail("another content"),
        lambda: bucket.get_object(key, byte_range=(2, 4)).read() == b"234" or pytest.fail("another range"),
        lambda: bucket.get_object_to_file(key, str(stage.directory / "got")),
        lambda: bucket.copy_object(BUCKET, key, key + "/copy"),
        lambda: key in [found.key for found in oss2.ObjectIterator(bucket, prefix=key)] or pytest.fail("not listed"),
        lambda: bucket.list_objects_v2(prefix=key),
        lambda: bucket.get_bucket_location(),
        lambda: bucket.batch_delete_objects([key + "/copy"]),
        lambda: bucket.delete_object(key),
    ]
    for call in calls:
        stage.rotate()
        call()
    assert stage.stored() is None
    assert stage.fetched() == len(calls)


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_service_survives_a_rotation(stage: Stage, bucket: ProxyBucket, version: str) -> None:
    service = ProxyService(
        stage.name, stage.endpoint, client=stage.client, auth_version=version, region="cn-hangzhou"
    )
    stage.rotate()
    assert isinstance(service, oss2.Service)
    assert BUCKET in [found.name for found in oss2.BucketIterator(service)]


@pytest.mark.parametrize("init_crc", [None, 0])
def test_appends_go_on_where_they_were(stage: Stage, bucket: ProxyBucket, init_crc: int | None) -> None:
    position, crc = 0, init_crc
    for part in (DATA[:1000], io.BytesIO(DATA[1000:200_000]), DATA[200_000:]):
        stage.rotate()
        result = bucket.append_object(stage.key, position, part, init_crc=crc)
        position, crc = result.next_position, None if crc is None else result.crc
    stage.arrived(DATA)


def test_multipart_uploads_go_on(stage: Stage, bucket: ProxyBucket) -> None:
    stage.rotate()
    upload = bucket.init_multipart_upload(stage.key).upload_id
    parts = []
    for number, at in enumerate(range(0, len(DATA), 100_001), 1):
        stage.rotate()
        part = oss2.SizedFileAdapter(io.BytesIO(DATA[at:]), len(DATA[at : at + 100_001]))
        result = bucket.upload_part(stage.key, upload, number, part)
        parts.append(oss2.models.PartInfo(number, result.etag, part_crc=result.crc, size=part.len))
    stage.rotate()
    bucket.complete_multipart_upload(stage.key, upload, parts)
    stored = stage.stored()
    assert stored and stored["size"] == len(DATA)
    assert bucket.get_object(stage.key).read() == DATA


def test_resumable_transfers_go_on_in_all_their_threads(stage: Stage, bucket: ProxyBucket) -> None:
    data = os.urandom(1 << 20)
    store = str(stage.directory)
    small = {"part_size": 100 << 10, "num_threads": 4}
    result = oss2.resumable_upload(
        bucket,
        stage.key,
        str(stage.file(data)),
        store=oss2.ResumableStore(root=store),
        multipart_threshold=1,
        progress_callback=lambda done, total: stage.rotate() if done < total else None,
        **small,
    )
    assert result.status == 200
    stored = stage.stored()
    assert stored and stored["size"] == len(data)
    assert bucket.get_object(stage.key).read() == data
    got = stage.directory / "got"
    oss2.resumable_download(
        bucket,
        stage.key,
        str(got),
        store=oss2.ResumableDownloadStore(root=store),
        multiget_threshold=1,
        progress_callback=lambda done, total: stage.rotate() if done < total else None,
        **small,
    )
    assert got.read_bytes() == data


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_signed_urls_have_the_current_key(stage: Stage, version: str) -> None:
    bucket = stage.bucket(auth_version=version, region="cn-hangzhou")
    bucket.put_object(stage.key, b"old")
    old = bucket.sign_url("GET", stage.key, 60)
    stage.rotate()
    assert bucket.get_object(stage.key).read() == b"old", "notices the rotation"
    fetched = stage.fetched()
    bucket.put_object_with_url(bucket.sign_url("PUT", stage.key, 60), DATA)
    assert bucket.get_object_with_url(bucket.sign_url("GET", stage.key, 60)).read() == DATA
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_object_with_url(old)
    assert caught.value.code == "InvalidAccessKeyId"
    assert stage.fetched() == fetched, "a dead URL says nothing about the key in use"


@pytest.fixture(scope="module")
def crypto_provider(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return oss2.LocalRsaProvider(dir=str(tmp_path_factory.mktemp("rsa")))


@pytest.fixture
def crypto_bucket(stage: Stage, crypto_provider: Any) -> ProxyCryptoBucket:
    return ProxyCryptoBucket(stage.name, stage.endpoint, BUCKET, crypto_provider, client=stage.client)


@pytest.mark.parametrize("kind", BODIES)
def test_what_was_encrypted_can_be_decrypted(
    stage: Stage, crypto_bucket: ProxyCryptoBucket, bucket: ProxyBucket, kind: str
) -> None:
    stage.rotate()
    body = BODIES[kind](stage)
    data = content(body)
    crypto_bucket.put_object(stage.key, body)
    assert bucket.get_object(stage.key).read() != data or not data
    stage.rotate()
    assert crypto_bucket.get_object(stage.key).read() == data


def test_a_class_between_ours_and_the_sdks_sees_encrypted_uploads(stage: Stage, crypto_provider: Any) -> None:
    seen = []

    class Watching(oss2.Bucket):  # type: ignore[misc]
        def _do(self, method: str, *request: Any, **options: Any) -> Any:
            seen.append(method)
            return super()._do(method, *request, **options)

    class Watched(ProxyCryptoBucket, Watching):
        pass

    bucket = Watched(stage.name, stage.endpoint, BUCKET, crypto_provider, client=stage.client)
    bucket.put_object("watched", b"data")
    assert seen == ["PUT"]


def test_a_rotation_in_the_middle_of_an_encrypted_body(stage: Stage, crypto_bucket: ProxyCryptoBucket) -> None:
    crypto_bucket.put_object(stage.key, HalfWay(DATA, stage.rotate))
    assert crypto_bucket.get_object(stage.key).read() == DATA
    fetched = stage.fetched()
    assert fetched == 2


def test_an_encrypted_stream_that_is_gone_is_not_sent_again(stage: Stage, crypto_bucket: ProxyCryptoBucket) -> None:
    crypto_bucket.put_object(stage.key, b"old")
    stage.rotate()
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        crypto_bucket.put_object(stage.key, iter([DATA]))
    assert caught.value.code == "InvalidAccessKeyId"
    assert crypto_bucket.get_object(stage.key).read() == b"old"


def test_encrypted_parts_can_be_decrypted(stage: Stage, crypto_bucket: ProxyCryptoBucket) -> None:
    data = os.urandom(5 * (100 << 10) + 11)
    oss2.resumable_upload(
        crypto_bucket,
        stage.key,
        str(stage.file(data)),
        store=oss2.ResumableStore(root=str(stage.directory)),
        multipart_threshold=1,
        part_size=100 << 10,
        num_threads=3,
        progress_callback=lambda done, total: stage.rotate() if done < total else None,
    )
    assert crypto_bucket.get_object(stage.key).read() == data


@pytest.mark.parametrize("auth", ["ProviderAuth", "ProviderAuthV4"])
def test_a_plain_bucket_signs_with_the_current_key(stage: Stage, bucket: ProxyBucket, auth: str) -> None:
    provider = SecretCredentialsProvider(stage.name, client=stage.client)
    plain = oss2.Bucket(getattr(oss2, auth)(provider), stage.endpoint, BUCKET, region="cn-hangzhou")
    plain.put_object(stage.key, b"1")
    stage.rotate()
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        plain.put_object(stage.key, b"2")
    assert caught.value.code == "InvalidAccessKeyId"
    bucket.head_object(stage.key)
    plain.put_object(stage.key, b"3")
    stage.arrived(b"3")
    stage.rotate()
    provider.secret.refresh()
    plain.put_object(stage.key, b"4")
    provider.shutdown()
    with pytest.raises(ClosedError):
        plain.put_object(stage.key, b"5")
