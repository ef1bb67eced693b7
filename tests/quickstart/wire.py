# SPDX-License-Identifier: Apache-2.0
"""What is on the wire between the engine's host and the peers' host, read from the peers' end of it."""
import collections
import ctypes
import os
import re
import socket
import struct
import threading

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3


def enter(netns):
    """Move the calling thread into a network namespace; sockets made there stay there."""
    fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter network namespace {netns}")
    finally:
        os.close(fd)


class Wire(threading.Thread):
    """Calls told(src, dst, message) for each SIP message and counts RTP by (source, destination)."""

    def __init__(self, netns, device, told):
        super().__init__(daemon=True)
        self.netns, self.device, self.told = netns, device, told
        self.rtp = collections.Counter()
        self.messages = []
        self.ready = threading.Event()

    def run(self):
        enter(self.netns)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as s:
            s.bind((self.device, 0))
            self.ready.set()
            while True:
                try:
                    self.frame(s.recv(65535))
                except OSError:
                    return

    def frame(self, f):
        if len(f) < 42 or f[12:14] != b"\x08\x00" or f[23] != 17:
            return
        ihl = (f[14] & 15) * 4
        udp = f[14 + ihl:14 + struct.unpack("!H", f[16:18])[0]]
        if struct.unpack("!H", f[20:22])[0] & 0x1FFF or len(udp) < 20:
            return
        sport, dport = struct.unpack("!HH", udp[:4])
        src = (socket.inet_ntoa(f[26:30]), sport)
        dst = (socket.inet_ntoa(f[30:34]), dport)
        payload = udp[8:]
        if payload[0] & 0xC0 == 0x80 and not 72 <= payload[1] & 0x7F <= 76:
            self.rtp[src, dst] += 1
        elif payload.startswith(b"SIP/2.0 ") or re.match(rb"[A-Z]+ \S+ SIP/2.0\r\n", payload):
            self.sip(src, dst, payload.decode("latin-1"))

    def sip(self, src, dst, text):
        head = text.split("\r\n\r\n", 1)[0].split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        message = {"src": src, "dst": dst, "start": head[0], "headers": headers}
        self.messages.append(message)
        self.told(src, dst, message)

    def rtp_between(self, src_ip, dst_ip):
        return sum(n for (s, d), n in list(self.rtp.items()) if s[0] == src_ip and d[0] == dst_ip)
