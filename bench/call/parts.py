# SPDX-License-Identifier: Apache-2.0
"""Where the engine's CPU goes, by part: perf samples with whole call chains, each given to the innermost part that it
is inside of. Functions are known by the object file they were compiled in, so nothing here names one."""
import collections
import os
import re
import subprocess

POLLS = "worker's loop"
# Libraries that belong to one part; libc, libcrypto and the kernel belong to whoever called them.
LIBRARIES = [("libcurl", "webhooks: libcurl"), ("libmicrohttpd", "REST"), ("libjansson", "REST"), ("libsqlite3", "store: SQLite"),
             ("libxml2", "TwiML"), ("libcares", "names"), ("liburing", "loop"), ("librte_net_", "device"), ("librte_bus", "device")]
# Source files (with their folder's name in front, as meson calls the objects), first match holds. What is not here
# (memory, log, hash tables, timer wheel) belongs to its caller as well.
FILES = [(r"http_(client|easy|job)|webhook", "webhooks: own"), (r"rest_|http_server|form|utf8", "REST"), (r"store", "store: SQLite"),
         (r"bridge|api_dp_ring", "rings"), (r"twiml|call_twiml|arena|program|verbs|xml", "TwiML"),
         (r"dns|sip_target|target_policy", "names"), (r"call|dial|app|leg_states|tag_timer|config", "calls"), (r"loop", "loop"),
         (r"worker|dp_loop|core_tick", POLLS), (r"pktio", "device"), (r"net_", "UDP/IP"), (r"media_", "media"), (r"sip|sdp", "SIP")]


def files_of(build):
    """function → source file, for the names that only one file has."""
    found = collections.defaultdict(set)
    for folder, _, names in os.walk(build):
        for name in names:
            if not name.endswith(".a") or "bench" in folder or "tests" in folder:
                continue
            text = subprocess.run(["nm", "-A", os.path.join(folder, name)], capture_output=True, text=True, check=False).stdout
            for obj, fn in re.findall(r"([^:/]+)\.c\.o:\S+ [tT] (\S+)", text):
                found[re.sub(r"\.(part|cold|isra|constprop)\.\d+", "", fn)].add(obj)
    return {fn: objs.pop() for fn, objs in found.items() if len(objs) == 1}


def part_of_file(name):
    for pattern, part in FILES:
        if re.match(pattern, name):
            return part
    return None


def part_of(frames, files):
    for fn, lib in frames:
        for start, part in LIBRARIES:
            if lib.startswith(start):
                return part
        part = part_of_file(files.get(re.sub(r"\.(part|cold|isra|constprop)\.\d+", "", fn), ""))
        if part:
            return part
    return "other"


def chains(text):
    """(tid, [(function, library) from the innermost]) of every sample."""
    for block in text.split("\n\n"):
        lines = block.strip().split("\n")
        tid = re.search(r"(\d+)\s*$", lines[0])
        frames = [m.groups() for m in (re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", x) for x in lines[1:]) if m]
        if tid and frames:
            yield int(tid.group(1)), [(fn, os.path.basename(lib)) for fn, lib in frames]


def record(pid, seconds, path):
    """A recorder under way; wait() for it."""
    return subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "--call-graph", "dwarf,8192", "-o", path,
                             "-p", str(pid), "--", "sleep", str(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def shares(path, build):
    """tid → {part: share of the thread's samples}, and how many samples there were."""
    text = subprocess.run(["perf", "script", "-i", path, "--no-inline", "-F", "comm,tid,ip,sym,dso"], capture_output=True,
                          text=True, check=True, timeout=60).stdout
    files, count = files_of(build), collections.defaultdict(collections.Counter)
    for tid, frames in chains(text):
        count[tid][part_of(frames, files)] += 1
    n = sum(sum(c.values()) for c in count.values())
    return {tid: {p: v / sum(c.values()) for p, v in c.items()} for tid, c in count.items()}, n
