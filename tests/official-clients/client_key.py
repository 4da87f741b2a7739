"""ClientKeys that the emulator knows, in the files that clients read."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import uuid

from kms_emulator import REPOSITORY, Emulator

FIXTURES = REPOSITORY / "tests" / "vectors" / "fixtures"
#: In the shape that KMS issues.
ISSUED = "d"


@dataclasses.dataclass(frozen=True)
class ClientKey:
    """One ClientKey; `shape` names the fixture whose key pair and PKCS#12 shape it has."""

    key_id: str
    file: pathlib.Path
    password_file: pathlib.Path

    @classmethod
    def make(cls, directory: pathlib.Path, shape: str = ISSUED) -> ClientKey:
        """A ClientKey with an id of its own that nobody was told of yet."""
        fixture = FIXTURES / f"clientkey-{shape}"
        content = json.loads(next(fixture.glob("*.json")).read_text())
        content["KeyId"] = f"KAAP.{uuid.uuid4()}"
        file = directory / f"clientKey_{content['KeyId']}.json"
        file.write_text(json.dumps(content))
        return cls(content["KeyId"], file, next(fixture.glob("*_Password.txt")))

    @property
    def password(self) -> str:
        return self.password_file.read_text().strip()

    def register(self, emulator: Emulator, shape: str = ISSUED, expire_seconds: int | None = None) -> ClientKey:
        """Tells the emulator its certificate; by that of another fixture its signatures are wrong."""
        certificate = (FIXTURES / f"clientkey-{shape}" / "cert.pem").read_text()
        order = {"key_id": self.key_id, "certificate": certificate, "expire_seconds": expire_seconds}
        emulator.post("/client-keys", order)
        return self
