# SPDX-License-Identifier: Apache-2.0
"""One call from a REST request to its record on disk, printed as it happens and checked at the end."""
import _thread
import argparse
import json
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from app import App
from wire import Wire

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ENGINE = ("10.77.0.2", 5060)
KATE, BOB = ("10.77.0.11", 5060), ("10.77.0.12", 5060)
NAMES = {ENGINE[0]: "engine", KATE[0]: "kate", BOB[0]: "bob"}
SID = "AC" + secrets.token_hex(16)
TOKEN = secrets.token_hex(16)
REST = "http://127.0.0.1:8080"
APP = "http://127.0.0.1:8090"
CALLS = f"{REST}/2010-04-01/Accounts/{SID}/Calls"
HUGEPAGES = "/proc/sys/vm/nr_hugepages"
HUGEPAGES_WANTED = 128
TALK_MS = 3000

DOCUMENTS = {
    "/voice": f'<?xml version="1.0" encoding="UTF-8"?><Response><Dial action="/after" timeout="20" callerId="kate">'
              f"<Sip>sip:bob@{BOB[0]}?X-Greeting=hello</Sip></Dial></Response>",
    "/after": '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>',
}


class Failed(Exception):
    """Something went wrong; the text is for the user."""


def silence():
    """What is still printed, also by Python at its end, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class Printer:
    def __init__(self):
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.closed = False

    def say(self, kind, text):
        with self.lock:
            try:
                print(f"{time.monotonic() - self.began:8.3f}  {kind:<7} {text}", flush=True)
            except BrokenPipeError:
                self.hang_up()

    def hang_up(self):
        """Nobody reads any more (`quickstart | head`): be silent and end the story, whichever thread found out."""
        if self.closed:
            return
        self.closed = True
        silence()
        _thread.interrupt_main(signal.SIGTERM)

    def sip(self, src, dst, m):
        who = f"{NAMES.get(src[0], src[0])} → {NAMES.get(dst[0], dst[0])}"
        number = m["headers"].get("cseq", "")
        what = m["start"].removesuffix(" SIP/2.0").removeprefix("SIP/2.0 ")
        self.say("SIP", f"{who:<15} {what}" + (f"   ({number})" if m["start"].startswith("SIP") else ""))

    def webhook(self, path, params, ok):
        keys = ("CallStatus", "SequenceNumber", "CallDuration", "DialCallStatus", "DialCallDuration", "DialBridged")
        facts = " ".join(f"{k}={params[k]}" for k in keys if k in params)
        self.say("webhook", f"engine → app    POST {path}  signature {'ok' if ok else 'WRONG'}  {facts}")


class Hugepages:
    """Reserve some if we may; give back as many as we got. What was there before and how many are ours stands in a
    file meanwhile, from which `tests/netns sweep` gives them back for a story that was killed."""

    def __init__(self, printer, note):
        self.printer, self.note, self.got = printer, note, 0

    def read(self):
        with open(HUGEPAGES, encoding="ascii") as f:
            return int(f.read())

    def write(self, n):
        with open(HUGEPAGES, "w", encoding="ascii") as f:
            f.write(str(n))

    def remember(self, before, ours):
        with open(self.note, "w", encoding="ascii") as f:
            f.write(f"{before} {ours}\n")

    def take(self):
        try:
            before = self.read()
            self.remember(before, HUGEPAGES_WANTED)
            self.write(before + HUGEPAGES_WANTED)
            self.got = self.read() - before
            self.remember(before, self.got)
        except OSError as e:
            self.printer.say("host", f"no hugepages ({e.strerror}): the engine uses ordinary memory")
            return
        self.printer.say("host", f"{self.got} hugepages reserved")

    def give_back(self):
        if self.got > 0:
            self.write(max(0, self.read() - self.got))
            self.got = 0
            os.unlink(self.note)


class Story:
    def __init__(self, args):
        self.args = args
        self.printer = Printer()
        self.name = f"dpq-{os.getpid()}"
        self.dir = tempfile.mkdtemp(prefix=f"{self.name}.")
        self.pages = Hugepages(self.printer, os.path.join(self.dir, "hugepages"))
        self.wire = Wire(f"{self.name}-p", "peer0", self.printer.sip)
        self.app = App(f"{self.name}-e", 8090, TOKEN, DOCUMENTS, self.printer.webhook)
        self.statuses = []
        self.sipps = {}

    # ---- hosts and processes

    def netns(self, verb, name=None):
        if subprocess.run([os.path.join(TESTS, "netns"), verb, name or self.name], check=False).returncode:
            raise Failed(f"tests/netns {verb} failed: network namespaces cannot be made here")

    def spawn(self, side, argv, log):
        with open(os.path.join(self.dir, log), "ab") as out:
            return subprocess.Popen(["ip", "netns", "exec", f"{self.name}-{side}", *argv], stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out, cwd=self.dir, start_new_session=True)

    def config(self):
        path = os.path.join(self.dir, "engine.yaml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({  # JSON is YAML
                "device": {"name": "dp0", "driver": self.args.driver, "hugepages": True, "memory_mb": 128},
                "network": {"ip": f"{ENGINE[0]}/24"},
                "limits": {"calls": 200, "transactions": 1024, "packets": 4096},
                "rest": {"listen": REST.removeprefix("http://")},
                "targets": {"allow": ["127.0.0.1/32", "10.77.0.0/24"]},
                "store": {"path": os.path.join(self.dir, "calls.db")},
                "log": {"format": "text"},
                "accounts": [{"sid": SID, "token": TOKEN}],
            }, f, indent=2)
        return path

    def start(self):
        self.netns("sweep", "dpq-")
        self.netns("up")
        self.printer.say("host", f"namespaces {self.name}-e (engine, dp0) and {self.name}-p (endpoints, peer0)")
        self.pages.take()
        for thread in (self.wire, self.app):
            thread.start()
            if not thread.ready.wait(5):
                raise Failed(f"{type(thread).__name__} did not start")
        self.engine = self.spawn("e", [os.path.abspath(self.args.engine), "run", "-c", self.config()], "engine.log")
        self.await_engine()
        self.printer.say("engine", f"up: {self.device_line()}")

    def await_engine(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.engine.poll() is not None:
                raise Failed(f"the engine ended with {self.engine.returncode}")
            if self.curl("-o", "/dev/null", "-f", f"{REST}/healthz").returncode == 0:
                return
            time.sleep(0.05)
        raise Failed("the engine is not healthy after 20 s")

    def device_line(self):
        with open(os.path.join(self.dir, "engine.log"), encoding="utf-8", errors="replace") as f:
            found = re.search(r"net_(?:af_xdp|af_packet|tap)[^\"\n]*", f.read())
        return found.group(0) if found else "its log does not say on which device"

    def sipp(self, who, scenario, addr, *more):
        log = f"{who}.log"
        self.sipps[who] = self.spawn("p", [
            "sipp", "-sf", os.path.join(TESTS, "e2e", "sipp", f"{scenario}.xml"), "-i", addr[0], "-p", str(addr[1]),
            "-mi", addr[0], "-mp", "20000", "-nostdin", *more], log)

    def curl(self, *argv):
        return subprocess.run(["ip", "netns", "exec", f"{self.name}-e", "curl", "-s", "-m", "5", "-u", f"{SID}:{TOKEN}",
                               *argv], capture_output=True, text=True, check=False)

    # ---- the call

    def place(self):
        argv = ["-d", "From=Jack", "--data-urlencode", f"To=sip:kate@{KATE[0]}", "-d", f"Url={APP}/voice",
                "-d", f"StatusCallback={APP}/status"]
        for event in ("initiated", "ringing", "answered", "completed"):
            argv += ["-d", f"StatusCallbackEvent={event}"]
        self.printer.say("REST", f"POST {CALLS}.json  From=Jack To=sip:kate@{KATE[0]} Url={APP}/voice")
        answer = self.curl(*argv, "-w", "\n%{http_code}", f"{CALLS}.json")
        body, _, code = answer.stdout.rpartition("\n")
        if code != "201":
            raise Failed(f"the REST request was answered {code}: {body}")
        call = json.loads(body)
        self.printer.say("REST", f"201 {call['sid']} {call['status']}")
        self.status(call["status"])
        return call["sid"]

    def status(self, word):
        if not self.statuses or self.statuses[-1] != word:
            self.statuses.append(word)
            self.printer.say("status", word)

    def follow(self, sid):
        end = time.monotonic() + 30
        rtp_at = time.monotonic() + 1
        while time.monotonic() < end:
            call = json.loads(self.curl(f"{CALLS}/{sid}.json").stdout or "{}")
            self.status(call.get("status", "?"))
            if call.get("end_time"):
                return call
            if time.monotonic() > rtp_at:
                self.show_rtp()
                rtp_at += 1
            time.sleep(0.05)
        raise Failed("the call did not end within 30 s")

    def rtp(self):
        e = ENGINE[0]
        return {f"{NAMES[a]} → {NAMES[b]}": self.wire.rtp_between(a, b)
                for a, b in ((KATE[0], e), (e, BOB[0]), (BOB[0], e), (e, KATE[0]))}

    def show_rtp(self):
        counts = self.rtp()
        if any(counts.values()):
            self.printer.say("RTP", "   ".join(f"{way} {n}" for way, n in counts.items()))

    def settle(self):
        """Wait for what comes after the end: the last callback, the endpoints' own exit."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            told = [p.get("CallStatus") for path, p, _ in self.app.requests if path == "/status"]
            if "completed" in told and all(p.poll() is not None for p in self.sipps.values()):
                return
            time.sleep(0.05)

    # ---- was it right?

    def wrong(self, sid, call):
        """Every way in which the story was not what it should have been."""
        bad = []

        def check(ok, text):
            if not ok:
                bad.append(text)

        told = [(p.get("SequenceNumber"), p.get("CallStatus")) for path, p, _ in self.app.requests if path == "/status"]
        check(told == [("0", "initiated"), ("1", "ringing"), ("2", "in-progress"), ("3", "completed")],
              f"status callbacks: {told}")
        check(self.statuses in (["queued", "ringing", "in-progress", "completed"],
                                ["queued", "in-progress", "completed"]), f"statuses by REST: {self.statuses}")
        check(all(ok for _, _, ok in self.app.requests), "a webhook's signature was wrong")
        paths = [path for path, _, _ in self.app.requests]
        check(paths.count("/voice") == 1 and paths.count("/after") == 1, f"documents fetched: {paths}")
        after = next((p for path, p, _ in self.app.requests if path == "/after"), {})
        check((after.get("DialCallStatus"), after.get("DialBridged")) == ("completed", "true"), f"<Dial> told {after}")
        for way, n in self.rtp().items():
            check(n > 0, f"no RTP {way}")
        for leg in (KATE, BOB):
            check(self.was_hung_up(leg), f"no BYE with 200 between the engine and {NAMES[leg[0]]}")
        for who, process in self.sipps.items():
            check(process.poll() == 0, f"SIPp as {who} ended with {process.poll()}")
        check(call.get("status") == "completed" and call.get("sid") == sid, f"the call's resource: {call}")
        child = after.get("DialCallSid")
        check(self.on_disk(sid) == "completed", f"record of {sid} on disk: {self.on_disk(sid)}")
        check(child and self.on_disk(child) == "completed", f"record of {child} on disk: {self.on_disk(child)}")
        return bad

    def was_hung_up(self, leg):
        ends = {leg, ENGINE}
        between = [m for m in self.wire.messages if {m["src"], m["dst"]} == ends]
        byes = [m for m in between if m["start"].startswith("BYE ")]
        return bool(byes) and any(m["start"].startswith("SIP/2.0 200") and m["headers"].get("cseq", "").endswith("BYE")
                                  for m in between)

    def on_disk(self, sid):
        """The database follows the log by a second or two."""
        end = time.monotonic() + 5
        while True:
            with sqlite3.connect(f"file:{self.dir}/calls.db?mode=ro", uri=True, timeout=5) as db:
                row = db.execute("SELECT status FROM calls WHERE sid = ?", (sid,)).fetchone()
            if (row and row[0] == "completed") or time.monotonic() > end:
                return row[0] if row else None
            time.sleep(0.2)

    def tell(self):
        self.start()
        self.sipp("kate", "answer_play", KATE, "-m", "1", "-d", "700")
        self.sipp("bob", "answer_bye", BOB, "-m", "1", "-d", str(TALK_MS), "-rtp_echo")
        time.sleep(0.5)
        sid = self.place()
        call = self.follow(sid)
        self.settle()
        self.show_rtp()
        bad = self.wrong(sid, call)
        print(json.dumps(json.loads(self.curl(f"{CALLS}/{sid}.json").stdout), indent=2))
        for line in bad:
            print(f"WRONG: {line}", flush=True)
        if bad:
            raise Failed(f"{len(bad)} thing(s) in the story were not right")
        print("The whole story was right: one REST request, two bridged legs, audio both ways, four signed callbacks, "
              "a record on disk.")

    def serve(self):
        self.sipp("kate", "answer_play", KATE, "-d", "1000")
        self.sipp("bob", "answer_bye", BOB, "-d", "10000", "-rtp_echo")
        ns = f"ip netns exec {self.name}-e"
        print(f"""
The engine goes on running. Its REST API is on {REST} inside namespace {self.name}-e.
Place a call:
  sudo {ns} curl -u {SID}:{TOKEN} -d From=Jack --data-urlencode 'To=sip:kate@{KATE[0]}' \\
    -d Url={APP}/voice {CALLS}.json
List the calls, hang one up, look at the engine:
  sudo {ns} curl -u {SID}:{TOKEN} {CALLS}.json
  sudo {ns} curl -u {SID}:{TOKEN} -d Status=completed {CALLS}/CA….json
  sudo {ns} curl {REST}/metrics
sip:kate@{KATE[0]} rings for a second, answers and plays a recording; sip:bob@{BOB[0]} answers at once,
echoes, and hangs up after ten seconds. Any TwiML of your own: -d 'Twiml=<Response>…</Response>' instead of Url.
Config and log: {self.dir}/engine.yaml, engine.log. Ctrl-C ends it all.""", flush=True)
        while self.engine.poll() is None:
            time.sleep(0.5)
        raise Failed(f"the engine ended with {self.engine.returncode}")

    def show_log(self):
        try:
            with open(os.path.join(self.dir, "engine.log"), encoding="utf-8", errors="replace") as f:
                lines = f.read().splitlines()[-25:]
        except OSError:
            return
        print("-- the engine's last words --", *lines, sep="\n", file=sys.stderr)

    def stop_engine(self):
        engine = getattr(self, "engine", None)
        if engine and engine.poll() is None:
            engine.send_signal(signal.SIGTERM)
            try:
                engine.wait(10)
            except subprocess.TimeoutExpired:
                return

    def clean(self):
        self.stop_engine()
        subprocess.run([os.path.join(TESTS, "netns"), "down", self.name], check=False)
        self.pages.give_back()
        shutil.rmtree(self.dir, ignore_errors=True)


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--driver", default="auto", choices=["auto", "af_xdp", "af_packet"])
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    story = Story(args)
    code = 0
    try:
        story.tell()
        if args.serve:
            story.serve()
    except Failed as e:
        story.show_log()
        print(f"quickstart: {e}", file=sys.stderr)
        code = 1
    except BrokenPipeError:
        silence()
        story.printer.closed = True
    except KeyboardInterrupt:
        code = 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if story.printer.closed or code == 130:
            why = "nobody reads what is printed" if story.printer.closed else "interrupted"
            print(f"quickstart: {why}, cleaning up", file=sys.stderr)
            code = 1 if story.printer.closed else code
        story.clean()
    return code


if __name__ == "__main__":
    sys.exit(main())
