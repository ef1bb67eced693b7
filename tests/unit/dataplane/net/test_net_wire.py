#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packet path on real devices: net_echo on a veth pair between two namespaces, over each driver, against the
kernel's own IP stack. Needs root (for namespaces), skips with 77 without.   test_net_wire.py NET_ECHO"""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ECHO = os.path.abspath(sys.argv[1])
NETNS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../netns")
HOST = f"dpwire-{os.getpid()}"
IP, PEER, NOBODY = "10.77.0.2", "10.77.0.1", "10.77.0.200"
IP6, PEER6 = "fd00:77::2", "fd00:77::1"
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
PACKET_OUTGOING = 4
count = failed = 0


def rule(name, holds, note=""):
    global count, failed
    count += 1
    failed += not holds
    print(f"{'ok' if holds else 'not ok'} {count} - {name}", flush=True)
    if not holds and note:
        print("".join(f"#   {line}\n" for line in str(note).splitlines()), flush=True)


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def enter(path):
    fd = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


class Engine:
    """net_echo in the engine's namespace."""

    def __init__(self, driver, *options, device="dp0"):
        self.out = tempfile.NamedTemporaryFile("w+", prefix="net_echo")
        command = ["ip", "netns", "exec", f"{HOST}-e", ECHO, driver, device, IP + "/24", f"six={IP6}/64", *options]
        self.process = subprocess.Popen(command, stdout=self.out, stderr=subprocess.STDOUT)
        self.wait_for(r"^(ready|failed): ", 20)

    def text(self):
        with open(self.out.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_for(self, pattern, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if re.search(pattern, self.text(), re.M):
                return True
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        return bool(re.search(pattern, self.text(), re.M))

    def count(self, name):
        hit = re.search(rf"^{name} (\d+)$", self.text(), re.M)
        return int(hit.group(1)) if hit else 0

    def stop(self, how="terminate"):
        if self.process.poll() is None:
            getattr(self.process, how)()
        return self.process.wait(20)


def xdp_programs():
    text = subprocess.run(["ip", "-n", f"{HOST}-e", "-d", "link", "show", "dp0"], capture_output=True, text=True).stdout
    return len(re.findall(r"prog/xdp", text))


class Sniffer(threading.Thread):
    """Every IP packet that reaches the peer, with its checksums judged."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.bind(("peer0", 0))
        self.sock.settimeout(0.1)
        self.stopped = False
        self.bad, self.seen, self.fragments = [], 0, 0
        self.start()

    def run(self):
        while not self.stopped:
            try:
                frame, where = self.sock.recvfrom(65535)
            except TimeoutError:
                continue
            if where[2] != PACKET_OUTGOING and frame[12:14] == b"\x08\0":
                self.judge(frame[14:])

    def judge(self, ip):
        total, flags = struct.unpack("!HxxH", ip[2:8])
        self.seen += 1
        if checksum(ip[:20]):
            self.bad.append("ip " + ip.hex())
        if flags & 0x3FFF:
            self.fragments += 1
        elif ip[9] == 17:
            data = ip[20:total]
            if data[6:8] == b"\0\0" or checksum(ip[12:20] + struct.pack("!HH", 17, len(data)) + data):
                self.bad.append("udp " + ip.hex())

    def stop(self):
        self.stopped = True
        self.join()
        self.sock.close()


def ping(size):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.settimeout(2)
        message = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, size) + os.urandom(size)
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        s.sendto(message, (IP, 0))
        try:
            while True:
                answer = s.recv(65535)[20:]
                if answer[0] == 0:
                    return answer[4:] == message[4:] and checksum(answer) == 0
        except TimeoutError:
            return False


def ping6(size):
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
        s.settimeout(2)
        message = struct.pack("!BBHHH", 128, 0, 0, os.getpid() & 0xFFFF, size) + os.urandom(size)
        s.sendto(message, (IP6, 0))  # the kernel fills in the checksum, and drops what comes with a wrong one
        try:
            while True:
                answer = s.recv(65535)
                if answer[0] == 129:
                    return answer[4:] == message[4:]
        except TimeoutError:
            return False


def echo(size, family=socket.AF_INET, ip=IP, peer=PEER):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.bind((peer, 0))
        message = os.urandom(size)
        s.sendto(message, (ip, 5060))
        try:
            answer, source = s.recvfrom(65535)
        except TimeoutError:
            return False
        return answer == message and source[:2] == (ip, 5060)


def echo6(size):
    return echo(size, socket.AF_INET6, IP6, PEER6)


def to_a_closed_port(engine, family=socket.AF_INET, ip=IP, peer=PEER, says="type 3 code 3"):
    """The answer comes when the port is closed again: the kernel says so, and the engine must hear it."""
    for _ in range(10):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((peer, 0))
        port = s.getsockname()[1]
        s.sendto(b"x", (ip, 5060))
        s.close()
        if engine.wait_for(rf"^lost: port {port} {says} arp 0", 0.5):
            return True
    return False


def over_ipv6(driver, engine):
    for size in (0, 64, 1452, 1453, 3000, 3600):
        rule(f"{driver}_answers_ping6_of_{size}_bytes", ping6(size), engine.text())
    for size in (0, 1, 7, 1232, 1233, 1452, 1453, 3000, 3600):
        rule(f"{driver}_echoes_udp_over_ipv6_of_{size}_bytes", echo6(size), engine.text())
    rule(f"{driver}_hears_that_a_port_is_closed_over_ipv6",
         to_a_closed_port(engine, socket.AF_INET6, IP6, PEER6, "type 1 code 4"), engine.text())


def to_a_silent_neighbour(engine):
    udp = struct.pack("!HHHH", 4444, 5060, 9, 0) + b"x"
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(NOBODY), socket.inet_aton(IP))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        s.sendto(ip + udp, (IP, 0))
    return engine.wait_for(r"^lost: port 4444 type 0 code 0 arp 1", 4)


def pcapng_frames(path):
    """Frames by direction; None when the file is not well formed."""
    with open(path, "rb") as f:
        data = f.read()
    found, at = {1: 0, 2: 0}, 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if length < 12 or length % 4 or data[at + length - 4:at + length] != data[at + 4:at + 8]:
            return None
        if kind == 6:
            high, low, kept, original = struct.unpack_from("<IIII", data, at + 12)
            if abs((high << 32 | low) / 1e9 - time.time()) > 300 or kept > original:
                return None
            flags = struct.unpack_from("<HHI", data, at + 28 + (kept + 3 & ~3))
            found[flags[2]] += 1
        at += length
    return found


def over(driver, *options):
    with tempfile.TemporaryDirectory() as room:
        capture = os.path.join(room, "wire.pcapng")
        engine, sniffer = Engine(driver, "pcap=" + capture, *options), Sniffer()
        rule(f"{driver}_starts_and_says_what_it_is", f"ready: net_{driver} on dp0" in engine.text(), engine.text())
        rule(f"{driver}_names_a_descriptor_to_sleep_on", "fds 1\n" in engine.text(), engine.text())
        for size in (0, 64, 1472, 1473, 3000, 3600):
            rule(f"{driver}_answers_ping_of_{size}_bytes", ping(size))
        for size in (0, 1, 7, 1472, 1473, 3000, 3700):
            rule(f"{driver}_echoes_udp_of_{size}_bytes", echo(size))
        rule(f"{driver}_hears_that_a_port_is_closed", to_a_closed_port(engine), engine.text())
        over_ipv6(driver, engine)
        rule(f"{driver}_hears_that_a_neighbour_is_silent", to_a_silent_neighbour(engine), engine.text())
        other = Engine(driver)
        rule(f"{driver}_second_engine_is_refused", other.stop() == 1 and "another Dialplane" in other.text(), other.text())
        sniffer.stop()
        code = engine.stop()
        rule(f"{driver}_stops_and_has_every_packet_back", code == 0 and "leaked 0\n" in engine.text(), engine.text())
        rule(f"{driver}_sends_right_checksums", not sniffer.bad and sniffer.seen > 15 and sniffer.fragments > 8,
             [sniffer.seen, sniffer.fragments, *sniffer.bad[:3]])
        frames = pcapng_frames(capture)
        rule(f"{driver}_captures_every_frame", frames == {1: engine.count("rx_packets"), 2: engine.count("tx_packets")},
             f"{frames}\n{engine.text()}")
        rule(f"{driver}_leaves_no_xdp_program", xdp_programs() == 0)


def after_a_kill():
    engine = Engine("af_xdp")
    before = ping(64)
    engine.stop("kill")
    rule("killed_af_xdp_leaves_its_program_behind", before and xdp_programs() == 1)
    engine = Engine("af_xdp")
    rule("af_xdp_replaces_the_program_of_a_killed_engine", ping(64), engine.text())
    engine.stop()
    rule("af_xdp_takes_the_new_program_off", xdp_programs() == 0)


def tap():
    """The other end of a tap is the engine's own kernel."""
    enter(f"/run/netns/{HOST}-e")
    engine = Engine("tap", device="dptap")
    for command in (f"addr add {PEER}/24 dev dptap", "link set dptap up"):
        subprocess.run(["ip", "-n", f"{HOST}-e", *command.split()], check=False)
    rule("tap_answers_ping_of_3000_bytes", ping(3000), engine.text())
    rule("tap_echoes_udp_of_3000_bytes", echo(3000), engine.text())
    rule("tap_stops_and_has_every_packet_back", engine.stop() == 0 and "leaked 0\n" in engine.text(), engine.text())


def refusals():
    mtu = ["ip", "-n", f"{HOST}-e", "link", "set", "dp0", "mtu"]
    subprocess.run([*mtu, "9000"], check=True)
    engine = Engine("auto", "mtu=9000")
    rule("auto_falls_back_and_says_why", "ready: net_af_packet on dp0" in engine.text() and
         "af_xdp failed: an mtu of 9000" in engine.text() and ping(64), engine.text())
    engine.stop()
    subprocess.run([*mtu, "1500"], check=True)
    engine = Engine("bogus")
    rule("an_unknown_driver_is_refused", engine.stop() == 1 and "driver bogus does not exist" in engine.text())


def main():
    if os.geteuid() != 0:
        print("1..0 # skip needs root for network namespaces")
        return 77
    if subprocess.run([NETNS, "up", HOST], check=False).returncode or \
            subprocess.run([NETNS, "six", HOST], check=False).returncode:
        subprocess.run([NETNS, "down", HOST], check=False)
        print("1..0 # skip no network namespaces here")
        return 77
    home = f"/proc/{os.getpid()}/fd/{os.open('/proc/self/ns/net', os.O_RDONLY)}"
    try:
        enter(f"/run/netns/{HOST}-p")
        over("af_xdp")
        over("af_packet")
        after_a_kill()
        refusals()
        tap()
    finally:
        enter(home)  # `down` ends every process that is still in there
        subprocess.run([NETNS, "down", HOST], check=False)
    print(f"1..{count}")
    return 1 if failed else 0


sys.exit(main())
