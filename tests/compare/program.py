"""The user's program, the same for both: only the two imports differ.

usage: program.py official|kmsramcred SCENARIO, in a directory with managed_credentials_providers.properties.
Orders are lines of JSON on standard input, answers lines of JSON on standard output; it ends with its input.
"""

import hashlib
import io
import json
import logging
import os
import signal
import sys
import threading
import time

WHICH = sys.argv[1]
#: A call that takes longer is counted as one that never ended.
PATIENCE = 15.0
#: No process outlives this many seconds, whatever became of who started it.
LIFE = 120


def client_class():
    if WHICH == "official":
        from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient
    else:
        from kmsramcred.acs import ProxyAcsClient
    return ProxyAcsClient


def bucket_class():
    if WHICH == "official":
        from aliyun_sdk_secretsmanager_oss_plugin.proxy_bucket import ProxyBucket
    else:
        from kmsramcred.oss import ProxyBucket
    return ProxyBucket


def reader(secret):
    """A function that answers (id, secret) as the program would ask for them itself."""
    if WHICH == "official":
        from aliyun_sdk_secretsmanager_common_plugin.aliyun_sdk_secretsmanager_plugins_manager import (
            AliyunSdkSecretsManagerPluginsManager as Manager,
        )

        Manager.init()
        return lambda: Manager.get_access_key(secret)
    import kmsramcred

    return kmsramcred.default_client().secret(secret).credential


def order():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def say(**what):
    print(json.dumps(what), flush=True)


def name_of(error):
    code = getattr(error, "get_error_code", None)
    return (code() if code else getattr(error, "code", None)) or type(error).__name__


def action(client, host):
    from aliyunsdkcore.request import CommonRequest

    request = CommonRequest(domain=host, version="2014-05-26", action_name="DescribeRegions")
    request.set_protocol_type("http")
    return client.do_action_with_exception(request)


class Load:
    """Threads that call a service, each with a pause after a call, and what they met."""

    def __init__(self, client, host, threads, pause):
        self.calls = []  # (when it began, seconds, error or None)
        self.client, self.host, self.pause = client, host, pause
        self.stop = threading.Event()
        self.begun = [0] * threads
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        self.stop.wait(self.pause * number / len(self.begun))
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                action(self.client, self.host)
                error = None
            except Exception as raised:
                error = name_of(raised)
            self.calls.append((began, time.monotonic() - began, error))
            self.begun[number] += 1
            self.stop.wait(self.pause)

    def end(self):
        self.stop.set()
        ends = time.monotonic() + PATIENCE
        for thread in self.threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return sum(thread.is_alive() for thread in self.threads)


def load(wanted):
    client = client_class()(wanted["secret"], region_id="cn-hangzhou")
    running = Load(client, wanted["host"], wanted["threads"], wanted["pause"])
    ends = time.monotonic() + PATIENCE
    while min(running.begun) < 2 and time.monotonic() < ends:
        time.sleep(0.01)
    # The clock is the same for all processes of the machine.
    say(flowing=min(running.begun) >= 2)
    rotated = order()["rotated"]
    unended = running.end()
    calls = list(running.calls)
    after = [call for call in calls if call[0] + call[1] >= rotated]
    failed = [call for call in after if call[2]]
    say(
        before_failed=sum(1 for call in calls if call[2]) - len(failed),
        calls=len(after),
        failed=len(failed),
        codes=sorted({call[2] for call in failed}),
        unended=unended,
        slowest=max((call[1] for call in after), default=0.0),
        failing_for=max((call[0] + call[1] - rotated for call in failed), default=0.0),
    )


def first(wanted):
    """The first credential, and what it took from here on."""
    began = time.monotonic()
    try:
        if wanted.get("adapter"):
            action(client_class()(wanted["secret"], region_id="cn-hangzhou"), wanted["host"])
        else:
            reader(wanted["secret"])()
        error = None
    except Exception as raised:
        error = name_of(raised)
    say(seconds=time.monotonic() - began, error=error)


def read(wanted):
    get = reader(wanted["secret"])
    get()
    threads, seconds = wanted["threads"], wanted["seconds"]
    counts, gate = [0] * threads, threading.Barrier(threads)

    def work(number):
        gate.wait()
        count, ends = 0, time.perf_counter() + seconds
        while time.perf_counter() < ends:
            for _ in range(50):
                get()
            count += 50
        counts[number] = count

    running = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    began = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    # What one read costs the process: threads share the interpreter.
    say(nanoseconds=(time.perf_counter() - began) / sum(counts) * 1e9)


def upload(wanted):
    bucket = bucket_class()(wanted["secret"], wanted["endpoint"], wanted["bucket"], connect_timeout=wanted["timeout"])
    bucket.put_object("before", io.BytesIO(b"before"))
    say(ready=True)
    order()
    body = os.urandom(wanted["size"])
    began = time.monotonic()
    try:
        bucket.put_object("object", io.BytesIO(body))
        error = None
    except Exception as raised:
        error = name_of(raised)
    say(error=error, seconds=time.monotonic() - began, md5=hashlib.md5(body).hexdigest())


def fork(wanted):
    """Children of a process whose client has been used, as servers that load the program before they fork."""
    client = client_class()(wanted["secret"], region_id="cn-hangzhou")
    action(client, wanted["host"])
    children = []
    for _ in range(wanted["children"]):
        answer, told = os.pipe(), os.pipe()
        if not os.fork():
            signal.alarm(LIFE)
            os.read(told[0], 1)
            results = []
            for _ in range(wanted["calls"]):
                try:
                    action(client, wanted["host"])
                    results.append(None)
                except Exception as raised:
                    results.append(name_of(raised))
            os.write(answer[1], json.dumps(results).encode())
            os._exit(0)
        os.close(answer[1])
        children.append((answer[0], told[1]))
    say(ready=True)
    order()
    for _, told in children:
        os.write(told, b"x")
    results = []
    for answer, _ in children:
        results += json.loads(os.read(answer, 65536) or b"[]")
    say(calls=wanted["children"] * wanted["calls"], ok=sum(1 for error in results if error is None))


def main():
    signal.alarm(LIFE)
    logging.disable(logging.CRITICAL)
    scenarios = {"load": load, "first": first, "read": read, "upload": upload, "fork": fork}
    scenarios[sys.argv[2]](json.loads(sys.argv[3]))
    sys.stdout.flush()
    # Threads of a library that outlive the program are not what is measured.
    os._exit(0)


if __name__ == "__main__":
    main()
