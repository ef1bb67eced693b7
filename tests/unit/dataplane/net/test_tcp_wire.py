#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our TCP against Linux's over a TAP device, with packets dropped by iptables. With --rates no test but a measurement: how
fast one connection is, beside Linux against itself over a veth with the same drops. Two namespaces of its own. Prints TAP. Needs root, iptables and ethtool, else it is skipped (77).
TCP_WIRE_TRANSFERS: how many transfers (default 50)."""
import json
import os
import shutil
import signal
import subprocess
import sys

TAP = sys.argv[1]
RATES = "--rates" in sys.argv
A, B = f"tcpw{os.getpid()}-a", f"tcpw{os.getpid()}-b"
OURS, THEIRS, FAR = "10.78.0.2", "10.78.0.1", "10.79.0.2"
LOSS = "0.01"
# First in line where that is allowed, all sides alike: a process that waits for a CPU measures the other processes.
FIRST = ["chrt", "-r", "1"] if shutil.which("chrt") and not subprocess.run(
    ["chrt", "-r", "1", "true"], check=False, stderr=subprocess.DEVNULL).returncode else []
children = []
count = 0


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def start(ns, *argv):
    p = subprocess.Popen(["ip", "netns", "exec", ns, *FIRST, TAP, *argv], stdout=subprocess.PIPE, text=True)
    children.append(p)
    if p.stdout.readline().strip() != "ready":
        raise RuntimeError(f"{argv} did not start")


def ask(*argv):
    out = subprocess.run(["ip", "netns", "exec", A, *FIRST, TAP, *argv], stdout=subprocess.PIPE, text=True, timeout=600, check=True).stdout
    return json.loads(out)


def up():
    for ns in (A, B):
        sh("ip", "netns", "add", ns)
    sh("ip", "-n", A, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", B)
    start(A, "engine", OURS)
    for ns, dev, ip in ((A, "tap0", THEIRS), (A, "v0", "10.79.0.1"), (B, "v1", FAR)):
        sh("ip", "-n", ns, "addr", "add", f"{ip}/24", "dev", dev)
        # Else a drop takes a whole train of segments from one and a single one from the other.
        sh("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tso", "off", "gso", "off", "gro", "off")
        sh("ip", "-n", ns, "link", "set", dev, "up")
    start(B, "kernel", FAR)


def drop(share):
    for chain in ("INPUT", "OUTPUT"):
        sh("ip", "netns", "exec", A, "iptables", "-A", chain, "-p", "tcp", "-m", "statistic", "--mode", "random", "--probability",
           share, "-j", "DROP")


def down():
    for p in children:
        p.send_signal(signal.SIGKILL)
        p.wait()
    for ns in (A, B):
        subprocess.run(["ip", "netns", "del", ns], check=False, stderr=subprocess.DEVNULL)


def ok(good, name, note):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}\n# {note}", flush=True)
    return good


def rates():
    """The gates of the measurement, printed and judged: one connection of each, without and with loss."""
    fast = ask("rate", OURS, "0.5", "256"), ask("rate", FAR, "0.5", "256")
    print(f"without loss: ours {fast[0]}, linux {fast[1]}")
    drop(LOSS)
    ours, linux = [], []
    for _ in range(3):
        ours.append(ask("rate", OURS, "1", "256"))
        linux.append(ask("rate", FAR, "1", "256"))
    best = [max(r["rate"] for r in x) for x in (ours, linux)]
    stall = sorted(r["stall_ms"] for r in ours)[1]
    print(f"at 1 % loss: ours {ours}, linux {linux}")
    print(f"ratio {best[0] / best[1]:.2f} (gate: at least 0.5), median of the longest stalls {stall} ms (gate: below 500)")
    return best[0] >= best[1] / 2 and stall < 500


def run():
    n = os.environ.get("TCP_WIRE_TRANSFERS", "50")
    clean = ask("transfer", OURS, "40", "1")
    good = ok(clean["transfers"] == 40, "tcp_transfers_with_linux_are_byte_exact", clean)
    drop(LOSS)
    lossy = ask("transfer", OURS, n, "1000")
    good &= ok(lossy["transfers"] == int(n), "tcp_transfers_with_linux_at_1_percent_loss_are_byte_exact", lossy)
    return good


def main():
    if os.getuid() != 0 or not shutil.which("iptables") or not shutil.which("ethtool") or not os.path.exists("/dev/net/tun"):
        print("1..0 # skip needs root, iptables, ethtool and /dev/net/tun")
        return 77
    try:
        up()
        good = rates() if RATES else run()
    finally:
        down()
    if not RATES:
        print(f"1..{count}")
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
