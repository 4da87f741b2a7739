"""The emulator as a fixture, and a service of our own for what an emulator should not be bothered with."""

from __future__ import annotations

import contextlib
import http.server
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kms_emulator import Emulator, emulator

__all__ = ["emulator"]


@pytest.fixture
def secret_name(emulator: Emulator, request: pytest.FixtureRequest) -> str:
    """A secret of the test's own."""
    test = f"{request.module.__name__}-{request.node.name}"
    name = "py-" + "".join(c if c.isalnum() else "-" for c in test)
    emulator.post("/secrets", {"name": name})
    return name


class Service:
    """An HTTP service that answers as told and remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        #: Given what arrived, the status and the body.
        self.answer: Callable[[dict[str, Any]], tuple[int, bytes]] = lambda _: (200, b"{}")
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                url = urllib.parse.urlsplit(self.path)
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen = {
                    "method": self.command,
                    "path": url.path,
                    "query": dict(urllib.parse.parse_qsl(url.query)),
                    "headers": {key.lower(): value for key, value in self.headers.items()},
                    "body": body,
                    "peer": self.client_address,
                }
                service.requests.append(seen)
                status, answer = service.answer(seen)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_HEAD = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with contextlib.closing(Service()) as running:
        yield running
