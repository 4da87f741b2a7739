"""The driver of Python: a program on the package kmsramcred, told what to do line by line (see ../README.md)."""

import base64
import hashlib
import hmac
import http.client
import json
import logging
import os
import sys
import threading
import time
import urllib.parse
import uuid

import kmsramcred

SEND_TIMEOUT = 10.0
PAUSE = 0.005
PATIENCE = 30.0


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


def quoted(text):
    return urllib.parse.quote(str(text), safe="-_.~")


class Robot:
    """One caller of an RPC service: sends, and follows the verdicts. Belongs to one thread."""

    def __init__(self, host, budget):
        self.host, self.budget = host, budget
        self.connection = http.client.HTTPConnection(host, timeout=SEND_TIMEOUT)

    def send(self, credential):
        fields = {
            "AccessKeyId": credential.access_key_id,
            "Action": "DescribeRegions",
            "Format": "JSON",
            "RegionId": "cn-hangzhou",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": uuid.uuid4().hex,
            "SignatureVersion": "1.0",
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "Version": "2014-05-26",
        }
        if credential.security_token:
            fields["SecurityToken"] = credential.security_token
        form = "&".join(f"{quoted(key)}={quoted(fields[key])}" for key in sorted(fields))
        key = credential.access_key_secret.encode() + b"&"
        mac = hmac.new(key, f"POST&%2F&{quoted(form)}".encode(), hashlib.sha1).digest()
        form += "&Signature=" + quoted(base64.b64encode(mac).decode())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            self.connection.request("POST", "/", form, headers)
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        if answer.status != 200:
            raise Refused(answer.status, json.loads(body).get("Code", ""))

    def call(self, secret, seen):
        """One call of a user. Counts what it saw; answers whether it went well."""
        began = time.monotonic()
        try:
            self.send_until_settled(secret, seen)
            problem = None
        except (Refused, OSError, http.client.HTTPException, kmsramcred.KmsRamCredError) as error:
            problem = f"{type(error).__name__} {error}"
        seen.add(time.monotonic() - began, problem)
        return problem is None

    def send_until_settled(self, secret, seen):
        ends, round = None, 0
        while True:
            credential = secret.credential(SEND_TIMEOUT)
            try:
                self.send(credential)
            except Refused as refusal:
                seen.refusal()
                ends = ends or time.monotonic() + self.budget
                round += 1
                left = max(0.0, ends - time.monotonic())
                verdict = secret.report_failure(
                    credential.serial, "Ecs", self.host, refusal.code, refusal.status, round, left
                )
                if verdict.action not in ("retry", "retry_later"):
                    raise
                time.sleep(verdict.retry_after)
            else:
                if not credential.accepted:
                    secret.report_success(credential.serial)
                return


class Seen:
    """What callers saw."""

    def __init__(self):
        self.lock = threading.Lock()
        self.calls = self.failed = self.refused = self.slowest_ms = 0
        self.complaint = ""

    def refusal(self):
        with self.lock:
            self.refused += 1

    def add(self, seconds, problem):
        with self.lock:
            self.calls += 1
            self.slowest_ms = max(self.slowest_ms, int(seconds * 1000))
            if problem is not None:
                self.failed += 1
                self.complaint = self.complaint or problem

    def told(self, anew=False):
        """`anew` begins the slowest call and the complaint anew."""
        with self.lock:
            names = ("calls", "failed", "refused", "slowest_ms", "complaint")
            told = {name: getattr(self, name) for name in names}
            if anew:
                self.slowest_ms, self.complaint = 0, ""
            return told


class Load:
    """Callers at work."""

    def __init__(self, secret, host, threads, budget):
        self.seen, self.stopped = Seen(), threading.Event()
        arguments = (secret, host, budget)
        self.threads = [threading.Thread(target=self.work, args=arguments) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self, secret, host, budget):
        robot = Robot(host, budget)
        while not self.stopped.is_set():
            robot.call(secret, self.seen)
            time.sleep(PAUSE)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        return self.seen.told()


def child(secret, host, timeout, calls, until_refused):
    """What a forked child does: see `fork` in the protocol."""
    secret.credential(timeout)
    robot, seen, ends = Robot(host, 10.0), Seen(), time.monotonic() + PATIENCE
    while until_refused and not seen.refused:
        if not robot.call(secret, seen) or time.monotonic() > ends:
            return False
        time.sleep(PAUSE)
    return all(robot.call(secret, seen) for _ in range(calls))


def seconds(fields, key):
    """A time of the protocol, in milliseconds, as the package wants it."""
    return int(fields.get(key, 10_000)) / 1000


class Warnings(logging.StreamHandler):
    """What the library warned of since the client was made."""

    def __init__(self):
        super().__init__()
        self.setLevel(logging.WARNING)
        self.said = []
        logging.getLogger("kmsramcred").addHandler(self)

    def emit(self, record):
        self.said.append(record.getMessage())
        super().emit(record)


class Application:
    """What the program holds, and what each verb does with it."""

    def __init__(self):
        self.client, self.secrets, self.loads, self.children = None, {}, {}, []
        self.warned = Warnings()

    def secret(self, fields):
        name = fields["secret"]
        if name not in self.secrets:
            self.secrets[name] = self.client.secret(name)
        return self.secrets[name]

    def open(self, fields):
        self.secrets.clear()
        self.client = None
        self.warned.said.clear()
        self.client = kmsramcred.Client.from_file(fields.get("path"))

    def acquire(self, fields):
        credential = self.secret(fields).credential(seconds(fields, "timeout_ms"))
        return {
            "serial": credential.serial,
            "key": credential.access_key_id,
            "token": "yes" if credential.security_token else "no",
            "accepted": credential.accepted,
        }

    def refresh(self, fields):
        self.secret(fields).refresh(seconds(fields, "timeout_ms"))

    def report(self, fields):
        verdict = self.secret(fields).report_failure(
            int(fields["serial"]),
            fields["service"],
            fields["host"],
            fields.get("code"),
            int(fields.get("http_status", 0)) or None,
            int(fields.get("round", 0)),
            seconds(fields, "left_ms"),
        )
        told = {"verdict": verdict.action}
        if verdict.action == "retry_later":
            told["wait_ms"] = int(verdict.retry_after * 1000)
        return told | (described(verdict.error) if verdict.error else {})

    def accept(self, fields):
        self.secret(fields).report_success(int(fields["serial"]))

    def load(self, fields):
        budget = seconds(fields, "budget_ms")
        self.loads[fields["load"]] = Load(self.secret(fields), fields["host"], int(fields["threads"]), budget)

    def seen(self, fields):
        return self.loads[fields["load"]].seen.told(fields.get("anew") == "true")

    def stop(self, fields):
        return self.loads.pop(fields["load"]).stop()

    def fork(self, fields):
        secret, timeout = self.secret(fields), seconds(fields, "timeout_ms")
        calls, until_refused = int(fields.get("calls", 0)), fields.get("until_refused") == "true"
        for _ in range(int(fields["children"])):
            pid = os.fork()
            if pid == 0:
                fine = False
                try:
                    fine = child(secret, fields["host"], timeout, calls, until_refused)
                finally:
                    os._exit(not fine)
            self.children.append(pid)
        return {"children": len(self.children)}

    def join(self, _):
        children, self.children = self.children, []
        failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in children)
        return {"children": len(children), "failed": failed}

    def stats(self, _):
        return self.client.stats()

    def explain(self, fields):
        explained = self.secret(fields) if "secret" in fields else self.client
        return {"json": json.dumps(explained.explain())}

    def warnings(self, _):
        self.client.stats()  # any call hands records over
        return {"count": len(self.warned.said), "message": "\n".join(self.warned.said)}

    def close(self, fields):
        self.client.close(seconds(fields, "timeout_ms"))


def described(error):
    told = {"status": error.status, "name": error.kind, "advice": error.advice, "retryable": error.retryable}
    if error.code is not None:
        told["code"] = error.code
    if error.http_status is not None:
        told["http_status"] = error.http_status
    return told | {"message": error}


def line(word, fields):
    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    return " ".join([word, *(f"{key}={quoted(text(value))}" for key, value in fields.items())])


def main():
    application = Application()
    for command in sys.stdin:
        verb, *words = command.split()
        if verb == "quit":
            break
        fields = {key: urllib.parse.unquote(value) for key, value in (word.split("=", 1) for word in words)}
        try:
            answer = line("ok", getattr(application, verb)(fields) or {})
        except kmsramcred.KmsRamCredError as error:
            answer = line("error", described(error))
        print(answer, flush=True)


if __name__ == "__main__":
    main()
