# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a veth: the subject's side and the generator's. Everything that runs in them is
started here, pinned, and ended here."""
import json
import os
import re
import signal
import subprocess
import sys
import time

SUBJECT_IP, LOAD_IP = "10.9.0.1", "10.9.0.2"
CPUS = sorted(os.sched_getaffinity(0))
SUBJECT_CPU = CPUS[0]
LOAD_CPU = CPUS[1 % len(CPUS)]
PREFERENCE = -12  # of our session: others who use the machine should not be what is measured


def say(text):
    print(f"   {text}", file=sys.stderr, flush=True)


def prefer():
    """Nice values count only inside a session; this is the session's own. bench/run makes one for each program, and only
    then is it ours to change."""
    if os.getsid(0) != os.getpid():
        return
    try:
        with open("/proc/self/autogroup", "w", encoding="utf8") as f:
            f.write(str(PREFERENCE))
    except OSError:
        pass  # no such kernel option, or not root: then it is measured as it is


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def sweep(prefix):
    """Namespaces of a run that was killed: their process is gone."""
    for name in re.findall(rf"^({prefix}(\d+)[sl])\b", ip("netns", "list").stdout, re.M):
        if not os.path.exists(f"/proc/{name[1]}"):
            ip("netns", "del", name[0], check=False)


class Lab:
    """with Lab(kernel=True) as lab: …  kernel: the subject's side has its address in the kernel."""

    def __init__(self, kernel=False):
        self.kernel, self.running = kernel, []
        self.subject, self.load = f"dpl{os.getpid()}s", f"dpl{os.getpid()}l"

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        sweep("dpl")
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def up(self):
        for name in self.subject, self.load:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "v0", "netns", self.subject, "type", "veth", "peer", "name", "v1", "netns", self.load)
        ip("-n", self.subject, "link", "set", "v0", "up")
        ip("-n", self.load, "link", "set", "v1", "up")
        if self.kernel:
            ip("-n", self.subject, "addr", "add", f"{SUBJECT_IP}/24", "dev", "v0")

    def __exit__(self, *_):
        for p in reversed(self.running):
            end(p)
        for name in self.subject, self.load:
            ip("netns", "del", name, check=False)

    def start(self, side, argv, cpus=None, **how):
        """The program itself is the child: ip and taskset turn into it."""
        at = ",".join(str(c) for c in (cpus or [SUBJECT_CPU if side == self.subject else LOAD_CPU]))
        argv = ["ip", "netns", "exec", side, "taskset", "-c", at, *argv]
        p = subprocess.Popen(argv, **how)
        self.running.append(p)
        return p

    def start_load(self, build, words, **how):
        return self.start(self.load, [f"{build}/bench/load/dialplane-load", "--device", "v1", "--core", str(LOAD_CPU), "--ip",
                                      f"{LOAD_IP}/24", "--to", f"{SUBJECT_IP}:5060", *[str(w) for w in words]], cpus=CPUS,
                          stdout=subprocess.PIPE, text=True, **how)


def end(p, patience=8):
    if p.poll() is None:
        p.terminate()
        try:
            p.wait(patience)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    return p.returncode


def result(p, limit_s):
    """The line of JSON that a program of ours ends with."""
    try:
        text, _ = p.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        end(p)
        raise RuntimeError(f"{os.path.basename(p.args[-1])}: no result within {limit_s} s") from None
    lines = text.strip().splitlines()
    if not lines:
        raise RuntimeError(f"{' '.join(p.args)}: ended with {p.returncode} and no result")
    return json.loads(lines[-1])


def children(pid):
    """All processes below pid, itself first."""
    found = [pid]
    for p in found:
        for task in os.listdir(f"/proc/{p}/task"):
            with open(f"/proc/{p}/task/{task}/children", encoding="utf8") as f:
                found += [int(x) for x in f.read().split()]
    return found


def busy_share(seconds=0.5):
    """What others use of all CPUs, before anything of ours runs."""
    def read():
        with open("/proc/stat", encoding="utf8") as f:
            v = [int(x) for x in f.readline().split()[1:9]]
        return sum(v) - v[3] - v[4], sum(v)
    a = read()
    time.sleep(seconds)
    b = read()
    return (b[0] - a[0]) / max(1, b[1] - a[1])


OTHERS_MAX = 0.1


def at_limit(side, others):
    """Where nobody was at the limit and others had the CPUs, they were it."""
    return "machine" if side == "none" and others > OTHERS_MAX else side


def forward(lab, iface="v0"):
    """dpdk-testpmd sends every packet back with the MACs swapped, on the subject's device and core."""
    argv = ["dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf", "--lcores",
            f"0@{SUBJECT_CPU},1@{SUBJECT_CPU}", "--vdev", f"net_af_xdp0,iface={iface}", "--", "--forward-mode=macswap",
            "--auto-start", "--stats-period=0", "--total-num-mbufs=16384", "--mbuf-size=3712"]
    return lab.start(lab.subject, argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
