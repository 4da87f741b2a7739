"""The ways in which Python servers multiply: everybody rides through a rotation, and everybody ends.

`KMSRAMCRED_REPETITIONS` says how often each is done.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aliyunsdkecs")

from kms_emulator import Emulator, until

REPETITIONS = int(os.environ.get("KMSRAMCRED_REPETITIONS") or 5)

#: Imported before anything forks: the parent has a key, threads and connections.
SERVED = """
import os
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest
from kms_emulator import Emulator
from kmsramcred.acs import ProxyAcsClient
name = os.environ["SECRET"]
client = ProxyAcsClient(name)
def call(*_):
    request = DescribeRegionsRequest()
    request.set_endpoint(os.environ["SERVICE"])
    client.do_action_with_exception(request)
    return os.getpid()
def rotate():
    Emulator({"control": os.environ["CONTROL"]}).post("/secrets/" + name + "/rotate", {"old": "dead"})
call()
def application(environ, start_response):
    body = str(call()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

MULTIPROCESSING = """
import multiprocessing, sys, served
if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(4) as pool:
        pool.map(served.call, range(16), 1)
        served.rotate()
        pids = set(pool.map(served.call, range(16), 1))
        served.call()
        assert served.os.getpid() not in pids
"""

THREADED_PARENT = """
import os, threading, served
stop, failed = threading.Event(), []
def work():
    while not stop.is_set():
        try:
            served.call()
        except BaseException as error:
            failed.append(error)
        stop.wait(0.02)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
children = []
reader, writer = os.pipe()
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            served.call()
            os.close(writer)
            os.read(reader, 1)
            served.call()
            code = 0
        finally:
            os._exit(code)
    children.append(pid)
served.rotate()
os.close(writer)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
for thread in threads:
    thread.join()
assert not failed and codes == [0] * 4, (failed, codes)
"""

CELERY = """
import celery, os, served
app = celery.Celery("tasks", broker="filesystem://", backend="file://" + os.getcwd() + "/results")
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
    "polling_interval": 0.05,
}
app.conf.broker_connection_retry_on_startup = True
@app.task
def call():
    return served.call()
"""

CELERY_USER = """
import tasks, served
def all_of_them():
    pids = {result.get(timeout=20) for result in [tasks.call.delay() for _ in range(12)]}
    assert served.os.getpid() not in pids
all_of_them()
served.rotate()
all_of_them()
"""


class Unix(http.client.HTTPConnection):
    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


class Ground:
    """A directory with the module `served`, and the environment of programs in it."""

    def __init__(self, emulator: Emulator, name: str, directory: pathlib.Path) -> None:
        self.emulator, self.name, self.directory = emulator, name, directory
        emulator.properties(directory)
        (directory / "served.py").write_text(SERVED)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PYTHONPATH": f"{directory}:{pathlib.Path(__file__).parent}",
            "PYTHONWARNINGS": "ignore",
            "SECRET": name,
            "SERVICE": emulator.post("/services", {"name": "of-" + name})["host"],
            "CONTROL": emulator.ready["control"],
        }

    def write(self, name: str, script: str) -> None:
        (self.directory / name).write_text(script)

    def run(self, *command: str) -> None:
        command = (sys.executable, *command)
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    @contextlib.contextmanager
    def served_by(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A server, which must end by itself when asked to."""
        with open(self.directory / "log", "wb") as log:
            process = subprocess.Popen(command, cwd=self.directory, env=self.environment, stdout=log, stderr=log)
        try:
            yield process
            process.terminate()
            assert process.wait(timeout=20) == 0, self.log()
        finally:
            process.kill()
            process.wait()

    def log(self) -> str:
        return (self.directory / "log").read_text()


@pytest.fixture
def ground(emulator: Emulator, secret_name: str, tmp_path: pathlib.Path) -> Iterator[Ground]:
    yield Ground(emulator, secret_name, tmp_path)
    assert emulator.service("of-" + secret_name)["refused"] >= REPETITIONS, "the old keys were met"


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(ground: Ground, method: str) -> None:
    ground.write("main.py", MULTIPROCESSING)
    for _ in range(REPETITIONS):
        ground.run("main.py", method)


def test_a_fork_beside_threads(ground: Ground) -> None:
    ground.write("main.py", THREADED_PARENT)
    for _ in range(REPETITIONS):
        ground.run("main.py")


def rides_through(ground: Ground, socket_path: pathlib.Path, *command: str) -> None:
    """A server on that socket: users before and after a rotation, once each time it is started."""

    def ask(_: Any = None) -> int:
        with contextlib.closing(Unix(socket_path)) as connection:
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (body, ground.log())
            return int(body)

    def are_up(workers: set[int]) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            workers.add(ask())
        return len(workers) == 2

    for _ in range(REPETITIONS):
        with ground.served_by(*command):
            # gunicorn loses a SIGTERM to a worker that it has only just forked, and then waits for it for half a minute.
            until(functools.partial(are_up, set()), "both workers answer", 20.0)
            with concurrent.futures.ThreadPoolExecutor(8) as users:
                list(users.map(ask, range(16)))
                ground.emulator.post(f"/secrets/{ground.name}/rotate", {"old": "dead"})
                list(users.map(ask, range(16)))


@pytest.mark.parametrize("workers", [["sync"], ["gthread", "--threads", "4"]], ids=lambda workers: str(workers[0]))
def test_gunicorn_with_preload(ground: Ground, tmp_path: pathlib.Path, workers: list[str]) -> None:
    pytest.importorskip("gunicorn")
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"unix:{tmp_path / 's'}"]
    rides_through(ground, tmp_path / "s", *command, "--worker-class", *workers, "served:application")


#: uWSGI loads the program before it forks, and gives it no threads of Python unless it is told to.
@pytest.mark.parametrize("how", [[], ["--enable-threads", "--threads", "4"]], ids=["preload", "threads"])
def test_uwsgi(ground: Ground, tmp_path: pathlib.Path, how: list[str]) -> None:
    uwsgi = shutil.which("uwsgi", path=str(pathlib.Path(sys.executable).parent))
    if uwsgi is None:
        pytest.skip("uWSGI is not installed beside this interpreter")
    command = [uwsgi, "--http-socket", str(tmp_path / "s"), "--master", "--die-on-term", "--processes", "2"]
    rides_through(ground, tmp_path / "s", *command, *how, "--module", "served")


def test_celery_with_processes(ground: Ground, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("celery")
    for name in ("queue", "control", "results"):
        (tmp_path / name).mkdir()
    ground.write("tasks.py", CELERY)
    ground.write("user.py", CELERY_USER)
    command = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
    for _ in range(REPETITIONS):
        with ground.served_by(*command, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"):
            ground.run("user.py")
