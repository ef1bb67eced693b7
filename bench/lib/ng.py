#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rtpengine's ng protocol, as much as makes calls: ng.py HOST:PORT CALLS MEDIA-IP FILE. Offers and answers CALLS calls whose
two far sides are both MEDIA-IP:6000, and writes the ports it opened, "address port" a line."""
import re
import socket
import sys


def encode(v):
    if isinstance(v, dict):
        return b"d" + b"".join(encode(k) + encode(v[k]) for k in sorted(v)) + b"e"
    if isinstance(v, list):
        return b"l" + b"".join(encode(x) for x in v) + b"e"
    text = v.encode()
    return str(len(text)).encode() + b":" + text


def field(reply, name):
    """The text of one member of a flat dictionary."""
    hit = re.search(rb"%d:%s(\d+):" % (len(name), name.encode()), reply)
    return reply[hit.end():hit.end() + int(hit.group(1))].decode() if hit else ""


def sdp(ip):
    return (f"v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=ptime:20\r\na=rtcp:6001\r\n")


def ask(sock, number, message):
    sock.send(b"%d " % number + encode(message))
    reply = sock.recv(65536)
    if field(reply, "result") != "ok":
        raise SystemExit(f"ng: {reply[:300]!r}")
    hit = re.search(r"c=IN IP4 (\S+).*?m=audio (\d+)", field(reply, "sdp"), re.S)
    return hit.group(1), int(hit.group(2))


def main(where, calls, ip, path):
    host, port = where.split(":")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect((host, int(port)))
    with open(path, "w", encoding="utf8") as f:
        for i in range(int(calls)):
            base = {"call-id": f"c{i}", "from-tag": f"a{i}", "sdp": sdp(ip), "replace": ["origin", "session-connection"]}
            for verb, more in ("offer", {}), ("answer", {"to-tag": f"b{i}"}):
                address, media = ask(sock, 2 * i + (verb == "answer"), {**base, "command": verb, **more})
                f.write(f"{address} {media}\n")


if __name__ == "__main__":
    main(*sys.argv[1:5])
