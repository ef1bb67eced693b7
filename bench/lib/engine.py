# SPDX-License-Identifier: Apache-2.0
"""A real engine on a veth between two hosts of its own (tests/netns), pinned, for a suite to load."""
import json
import os
import re
import signal
import subprocess
import sys
import time

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETNS = os.path.join(SRC, "tests", "netns")
SID = "AC" + "0123456789abcdef" * 2
TOKEN = "benchtoken0123456789"
CPUS = sorted(os.sched_getaffinity(0))
# Before whatever else runs on the machine, where that is allowed: what is measured is the engine, not its neighbours.
FIRST = ["chrt", "-r", "1"]
if subprocess.run([*FIRST, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
    FIRST = []
# Of the load for REST: the server takes 128 from one address, and those of a load that has just ended still count when
# /metrics is asked for.
CONNS = 120
CONTROL_CPU = CPUS[0]
WORKER_CPU = CPUS[1 % len(CPUS)]
LOAD_CPU = CPUS[2 % len(CPUS)] if len(CPUS) > 2 else WORKER_CPU


def settings(scratch, driver):
    return {
        "device": {"name": "dp0", "driver": driver, "hugepages": False, "memory_mb": 512},
        "network": {"ip": "10.77.0.2/24", "check_checksums": False},
        # A transaction and its dialog's text stay for 32 s after a call: the tables must hold that many seconds of calls.
        "limits": {"calls": 50000, "transactions": 524288, "packets": 32768, "ring_slots": 16384},
        "media": {"port_low": 16384, "port_high": 65535, "quarantine_ms": 100},
        "rest": {"listen": "127.0.0.1:8080"},
        "targets": {"allow": ["127.0.0.1/32", "10.77.0.0/24"]},
        "webhook": {"connect_ms": 5000, "total_ms": 15000},
        "store": {"path": os.path.join(scratch, "calls.db")},
        "log": {"level": "warn", "format": "json"},
        "accounts": [{"sid": SID, "token": TOKEN}],
    }


class Engine:
    def __init__(self, build, scratch, driver="auto"):
        self.build, self.scratch = os.path.abspath(build), scratch
        self.name = f"dpb-{os.getpid()}"
        self.conf = settings(scratch, driver)
        self.log_path = os.path.join(scratch, "engine.log")
        self.process = None

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        subprocess.run([NETNS, "sweep", "dpb-"], check=True)
        subprocess.run([NETNS, "up", self.name], check=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        subprocess.run([NETNS, "down", self.name], check=False)

    def inside(self, argv):
        return ["ip", "netns", "exec", f"{self.name}-e", *argv]

    def start(self):
        conf = os.path.join(self.scratch, "engine.yaml")
        with open(conf, "w", encoding="utf8") as f:
            json.dump(self.conf, f)  # JSON is YAML
        with open(self.log_path, "a", encoding="utf8") as log:
            # `ip netns exec` becomes the engine: its process id is the engine's.
            argv = self.inside([*FIRST, f"{self.build}/control/dialplane", "run", "-c", conf])
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=self.scratch)
        self.wait_ready()
        self.pin()

    def wait_ready(self):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            probe = self.inside(["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"])
            if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"the engine did not start:\n{self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf8", errors="replace") as f:
            return f.read()[-2000:]

    def metrics(self):
        """name → sum over its labels."""
        text = subprocess.run(self.inside(["curl", "-s", "-m", "5", "http://127.0.0.1:8080/metrics"]), capture_output=True, text=True,
                              check=True).stdout
        m = {}
        for name, value in re.findall(r"^(\w+)(?:\{[^}]*\})? (\S+)$", text, re.M):
            m[name] = m.get(name, 0) + float(value)
        return m

    def complaints(self):
        """Counters that should be 0, for a person."""
        bad = ("drop_", "starved", "full", "refused", "lost", "failures")
        return {k[10:]: int(v) for k, v in self.metrics().items() if v and any(b in k for b in bad)}

    def still_up(self, stories=2):
        """Every call that is up, and the stories of the first few, for a person: what one that never ended waits for."""
        calls = self.ask("calls")
        sids = list(dict.fromkeys(re.findall(r"\bCA[0-9a-f]{32}\b", calls)))
        return "\n".join([calls[:2000], *(self.ask("call", sid)[:4000] for sid in sids[:stories])])

    def ask(self, *words):
        argv = [f"{self.build}/control/dialplane", *words, "-c", os.path.join(self.scratch, "engine.yaml")]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout

    def pid(self):
        return self.process.pid

    def threads(self):
        """tid → what it does, told from where it stands: only the worker is a DPDK lcore."""
        return {tid: role(self.pid(), tid) for tid in map(int, os.listdir(f"/proc/{self.pid()}/task"))}

    def pin(self):
        """The worker to one CPU, everything else of the engine to another."""
        for tid, what in self.threads().items():
            os.sched_setaffinity(tid, {WORKER_CPU if what == "worker" else CONTROL_CPU})

    def load(self, **options):
        """Run call_load against this engine; its report, with threads by what they do."""
        argv = [f"{self.build}/bench/call/call_load", "--netns", f"{self.name}-p", "--account", SID, "--token", TOKEN, "--pid",
                str(self.pid())]
        for k, v in options.items():
            argv += [f"--{k}", str(v)]
        before = self.metrics()
        argv = self.inside([*FIRST, "taskset", "-c", str(LOAD_CPU), *argv])
        p = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        if self.process.poll() is not None:
            raise RuntimeError(f"the engine ended with {self.process.returncode} under load\n{self.log()}")
        if p.returncode != 0:
            raise RuntimeError(f"call_load: {p.stderr or p.returncode}\n{self.log()}")
        report = json.loads(p.stdout)
        report["useful"] = useful_share(before, self.metrics())
        for key, of in (("cpu", "cpu_s"), ("wait", "wait_s")):
            report[key] = {}
            for t in report["threads"]:
                what = role(self.pid(), t["tid"])
                report[key][what] = report[key].get(what, 0) + t[of]
        return report


def useful_share(a, b):
    """Of the time the worker ran, the share in turns that had something to do."""
    busy, idle = (b[k] - a[k] for k in ("dialplane_loop_busy_cycles_total", "dialplane_loop_idle_cycles_total"))
    return busy / (busy + idle) if busy + idle > 0 else 0


def role(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/comm", encoding="utf8") as f:
        name = f.read().strip()
    if tid == pid:
        return "control"
    if re.match(r"(rte-worker|lcore-worker|lcore-slave)", name):
        return "worker"
    return {"dialplane": "store"}.get(name, name)
