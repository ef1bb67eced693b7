# SPDX-License-Identifier: Apache-2.0
"""Builds, runs every kind of test, counts single rules (TAP lines) and not only programs. Started by tests/run."""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import matrix_report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN = f"dpt{os.getpid()}"
JOBS = "2"
# GCC's guesses about sizes go wrong in instrumented code; the release build, also without warnings, has them on.
GUESSES = ",".join(f"-Wno-{w}" for w in ("stringop-overread", "stringop-overflow", "stringop-truncation", "format-truncation",
                                        "maybe-uninitialized", "array-bounds", "restrict"))
BUILDS = {
    "build-release": ["--buildtype=release"],
    "build-asan": ["--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false", f"-Dc_args={GUESSES}"],
}
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={os.path.join(ROOT, 'tests', 'leaks.txt')}:print_suppressions=0",
}
children = set()
lock = threading.Lock()
stopping = threading.Event()


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.results = {}  # name of a test → set of "ok", "not ok", "skip"

    def program(self, name, output, code, seconds):
        """Count one test program by its TAP lines; print one line for it and every failure in full."""
        ok = not_ok = skipped = 0
        for line in output.splitlines():
            hit = re.match(r"(not )?ok\b(.*)", line)
            if hit:
                self.remember(hit)
            if not hit:
                skipped += bool(re.match(r"1\.\.0\s*#\s*skip", line, re.I))  # cmocka says "not ok" of what it skips
            elif re.search(r"#\s*skip", hit.group(2), re.I):
                skipped += 1
            elif hit.group(1):
                not_ok += 1
            else:
                ok += 1
        idle = len(re.findall(r"^# nothing checked: ", output, re.M))  # tests/unit/nothing.h
        ok, skipped = ok - idle, skipped + idle
        planned = re.search(r"^1\.\.(\d+)", output, re.M)
        cut_short = planned and ok + not_ok + skipped < int(planned.group(1))
        if code not in (0, 77) and not not_ok or cut_short:
            not_ok += 1  # died, or said nothing
        if not ok + not_ok + skipped:
            ok, skipped = (0, 1) if code == 77 else (1, 0)
        with lock:
            self.passed, self.failed, self.skipped = self.passed + ok, self.failed + not_ok, self.skipped + skipped
            word = "FAIL" if not_ok else "skip" if not ok else "ok"
            print(f"{word:<5} {name:<44} {ok:5} passed {not_ok:3} failed {skipped:3} skipped {seconds:7.1f} s", flush=True)
            if not_ok:
                self.show(output, code)
        return not not_ok

    def remember(self, hit):
        name = re.match(r"\s*\d*\s*(?:-\s*)?([^#]*)", hit.group(2)).group(1).strip()
        word = "skip" if re.search(r"#\s*skip", hit.group(2), re.I) else "not ok" if hit.group(1) else "ok"
        with lock:
            self.results.setdefault(name, set()).add(word)

    @staticmethod
    def show(output, code):
        lines = output.splitlines()
        print(f"      exit code {code}; its output:")
        keep = [n for n, text in enumerate(lines) if re.match(r"not ok(?!.*# SKIP)", text) or "ERROR:" in text or "runtime error" in text]
        wanted = set()
        for n in keep[:12] or [max(0, len(lines) - 40)]:
            wanted.update(range(max(0, n - 3), min(len(lines), n + 40)))
        for n in sorted(wanted):
            print(f"      {lines[n]}")
        sys.stdout.flush()


def run(argv, env=None, capture=False, **more):
    """A child in a process group of its own, ended with everything below it when we are."""
    process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **(env or {})}, start_new_session=True, text=True,
                               errors="replace", stdout=subprocess.PIPE if capture else None,
                               stderr=subprocess.STDOUT if capture else None, **more)
    with lock:
        children.add(process)
    try:
        output = process.communicate()[0]
    finally:
        with lock:
            children.discard(process)
    return process.returncode, output or ""


def section(title):
    print(f"== {title}", flush=True)


def configure(name, options):
    """Set up, or set again when the options are others than last time."""
    mark = os.path.join(ROOT, name, "tests-run-options")
    fresh = not os.path.exists(os.path.join(ROOT, name, "build.ninja"))
    if not fresh and os.path.exists(mark):
        with open(mark, encoding="utf-8") as f:
            if f.read() == repr(options):
                return 0, ""
    code, output = run(["meson", "setup" if fresh else "configure", name, *options], capture=True)
    if code == 0:
        with open(mark, "w", encoding="utf-8") as f:
            f.write(repr(options))
    return code, output


def build(tally):
    for name, options in BUILDS.items():
        section(f"build {name}")
        began = time.monotonic()
        code, output = configure(name, ["-Dwerror=true", *options])
        if code == 0:
            code, output = run(["ninja", "-C", name, "-j", JOBS])
        if not tally.program(f"{name} without warnings", output, code, time.monotonic() - began):
            return False
    return True


def unit(tally, only):
    section("unit tests, fuzz corpora, simulations, torture messages (sanitizers on)")
    log = os.path.join(ROOT, "build-asan", "meson-logs", "testlog.json")
    argv = ["meson", "test", "-C", "build-asan", "--no-rebuild", "--num-processes", JOBS, "--no-stdsplit"]
    names = listed(only)
    if not names:
        return
    if os.path.exists(log):
        os.unlink(log)
    shown = threading.Thread(target=follow, args=(log, tally, len(names)))
    shown.start()
    code, output = run(argv + (names if only else []), env=SANITIZER_ENV, capture=True)
    shown.join(15)
    if code and not os.path.exists(log):
        tally.program("meson test", output, code, 0)


def listed(only):
    output = run(["meson", "test", "-C", "build-asan", "--no-rebuild", "--list"], capture=True)[1]
    names = [line.rsplit(" / ", 1)[-1].rsplit(":", 1)[-1].strip() for line in output.splitlines() if " / " in line or ":" in line]
    return [n for n in names if not only or only in n]


def follow(log, tally, count):
    """Meson writes one JSON line a test program; count each as it ends."""
    done, idle = 0, 0
    while not os.path.exists(log) and idle < 600:
        time.sleep(0.1)
        idle += 1
    if not os.path.exists(log):
        return
    with open(log, encoding="utf-8", errors="replace") as f:
        while done < count and idle < 9000:
            line = f.readline()
            if not line:
                time.sleep(0.1)
                idle += 1
                continue
            idle = 0
            t = json.loads(line)
            done += 1
            code = t["returncode"]
            # Meson reads cmocka's "not ok 2 # SKIP" as a failure; the lines themselves are counted here.
            if t["result"] in ("ERROR", "TIMEOUT") and code == 0:
                code = 1
            output = (t.get("stdout") or "") + ("\n" + t["stderr"] if t.get("stderr") else "")
            if t["result"] == "TIMEOUT":
                output += "\n(meson stopped it: it took too long)"
            tally.program(t["name"].split(" / ")[-1], output, code, t["duration"])


def programs(tally, only, args):
    """Each prints TAP. (name, argv, environment, may run beside another)"""
    engine = {b: os.path.join(ROOT, b, "control", "dialplane") for b in BUILDS}
    rows = [("tidy", ["python3", "-B", "tests/tidy"], {}, True),
            ("commands", ["python3", "-B", "tests/commands"], {**SANITIZER_ENV, "DIALPLANE_BIN": engine["build-asan"]}, True),
            ("quickstart cleans up", ["python3", "-B", "tests/quickstart/test_clean.py"],
             {"DIALPLANE_BIN": engine["build-release"]}, True)]
    for built, label in (("build-asan", ", sanitizers on"), ("build-release", "")):
        env = {"DIALPLANE_RUN": RUN, "DIALPLANE_BIN": engine[built], **SANITIZER_ENV}
        for path in sorted(glob.glob(os.path.join(ROOT, "tests", "e2e", "test_*.js"))):
            name = os.path.basename(path)[5:-3]
            if name == "load":  # measures memory, which sanitizers keep back, and wants the machine for itself
                continue
            rows.append((f"e2e {name}{label}", ["node", path], env, True))
            if name == "streams":
                rows.append((f"e2e {name} by our own TCP{label}", ["node", path], {**env, "DIALPLANE_TCP": "own"}, True))
    env = {"DIALPLANE_RUN": RUN, "DIALPLANE_BIN": engine["build-release"]}
    if args.full:
        rows.append(("race of a million forks", [os.path.join(ROOT, "build-release", "tests", "unit", "test_call_race")],
                     {"CALL_RACE_RUNS": "1000000", "CMOCKA_MESSAGE_OUTPUT": "TAP"}, False))
        rows.append(("a million parallel dials", [os.path.join(ROOT, "build-release", "tests", "sim", "sim_race"), "--from", "10001",
                                                 "--count", "1000000"], {}, False))
    transfers = "1000000" if args.soak else "100000" if args.full else None
    if transfers:  # other worlds than those of the ordinary run
        rows.append((f"{transfers} TCP transfers", [os.path.join(ROOT, "build-release", "tests", "sim", "sim_tcp"), "--from", "1000",
                                                    "--transfers", transfers], {}, False))
        tap = os.path.join(ROOT, "build-release", "tests", "unit", "dataplane", "net", "tcp_tap")
        rows.append(("TCP transfers with Linux", ["python3", "-B", "tests/unit/dataplane/net/test_tcp_wire.py", tap],
                     {"TCP_WIRE_TRANSFERS": "20000" if args.soak else "2000"}, True))
    loads = [("100", "25")] + ([("20000", "50")] if args.soak else [("1000", "50")] if args.full else [])
    for calls, rate in loads:
        rows.append((f"e2e load, {calls} calls at {rate} a second", ["node", "tests/e2e/test_load.js"],
                     {**env, "DIALPLANE_CALLS": calls, "DIALPLANE_RATE": rate}, False))
    return [r for r in rows if not only or only in r[0]]


def one(tally, row):
    name, argv, env, _ = row
    began = time.monotonic()
    code, output = run(argv, env=env, capture=True)
    if not stopping.is_set():
        tally.program(name, output, code, time.monotonic() - began)


def npm(tally):
    where = os.path.join(ROOT, "tests", "e2e")
    lock_file = os.path.join(where, "package-lock.json")
    stamp = os.path.join(where, "node_modules", ".package-lock.json")
    if os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(lock_file):
        return True
    section("npm packages of the end-to-end tests")
    began = time.monotonic()
    code, output = run(["npm", "ci", "--prefix", "tests/e2e", "--no-audit", "--no-fund"], capture=True)
    if code == 0:
        os.utime(stamp)
    return tally.program("npm ci", output if code else "", code, time.monotonic() - began)


def others(tally, args):
    section("tidy, commands, end to end")
    rows = programs(tally, args.only, args)
    beside = [r for r in rows if r[3]]
    pool = concurrent.futures.ThreadPoolExecutor(int(JOBS))
    try:
        list(pool.map(lambda r: one(tally, r), beside))
    except KeyboardInterrupt:
        stopping.set()
        clean()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    for row in rows:
        if not row[3]:
            one(tally, row)


def clean():
    with lock:
        left = list(children)
    for process in left:
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    for process in left:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    hosts = {re.sub(r"-[ep]$", "", os.path.basename(p)) for p in glob.glob(f"/run/netns/{RUN}-*")}
    for name in hosts:
        subprocess.run([os.path.join(ROOT, "tests", "netns"), "down", name], check=False)
    for path in glob.glob(os.path.join(tempfile.gettempdir(), f"{RUN}-*")):
        shutil.rmtree(path, ignore_errors=True)


def give_back():
    """Builds made under sudo belong to the owner of the checkout, so that they can go on without it."""
    owner = os.stat(ROOT)
    if os.getuid() or not owner.st_uid:
        return
    for name in [*BUILDS, os.path.join("tests", "e2e", "node_modules")]:
        subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", os.path.join(ROOT, name)], check=False)


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--matrix", action="store_true")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    tally, began, code = Tally(), time.monotonic(), 0
    try:
        if build(tally):
            unit(tally, args.only)
            if npm(tally):
                others(tally, args)
    except KeyboardInterrupt:
        print("interrupted, cleaning up", flush=True)
        code = 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        clean()
        give_back()
    unproved = 0
    if args.matrix and not code:
        section("the contract, row by row (tests/matrix)")
        unproved = matrix_report.report(tally.results)
        print(f"{unproved} rows fail or lack the test they must have")
    print(f"== {time.monotonic() - began:.0f} s in all")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped", flush=True)
    return code or (1 if tally.failed or unproved else 0)


if __name__ == "__main__":
    # The pool's threads wait for children that clean() has ended; nothing else is left to join.
    status = main()
    sys.stdout.flush()
    os._exit(status)
