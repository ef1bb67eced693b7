#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a quickstart that did not end by itself leaves behind, and who takes it away. Prints TAP; needs root.
DIALPLANE_BIN: the program (default build-release/control/dialplane)."""
import glob
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
BIN = os.environ.get("DIALPLANE_BIN", os.path.join(os.path.dirname(TESTS), "build-release", "control", "dialplane"))
STORY = [sys.executable, "-B", os.path.join(HERE, "story.py"), "--engine", BIN]


def hugepages():
    with open("/proc/sys/vm/nr_hugepages", encoding="ascii") as f:
        return int(f.read())


def left_of(pid):
    return glob.glob(f"{tempfile.gettempdir()}/dpq-{pid}.*") + glob.glob(f"/run/netns/dpq-{pid}-*")


def until(what, fn, seconds=20):
    end = time.monotonic() + seconds
    while not fn():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def start():
    """A story, and its first lines up to the one that says that the engine is up."""
    story = subprocess.Popen(STORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in story.stdout:
        if "engine  up" in line:
            return story
    raise AssertionError(f"the engine did not come up: {story.communicate()[1]}")


def what_a_killed_story_left_is_swept_with_its_hugepages():
    before = hugepages()
    story = start()
    notes = glob.glob(f"{tempfile.gettempdir()}/dpq-{story.pid}.*/hugepages")
    ours = int(open(notes[0], encoding="ascii").read().split()[1]) if notes else 0
    story.send_signal(signal.SIGKILL)
    story.communicate()
    assert len(left_of(story.pid)) == 3, left_of(story.pid)
    other = tempfile.mkdtemp(prefix=f"dpq-{os.getpid()}.")
    subprocess.run([os.path.join(TESTS, "netns"), "sweep", "dpq-"], check=True)
    assert not left_of(story.pid), left_of(story.pid)
    assert hugepages() == before, f"{before} hugepages before, {ours} reserved, {hugepages()} now"
    assert os.path.isdir(other), "the directory of a process that lives was removed"
    os.rmdir(other)


def a_story_that_nobody_reads_any_more_cleans_up_without_a_traceback():
    before = hugepages()
    story = start()
    story.stdout.close()
    until("the story ends", lambda: story.poll() is not None, 40)
    said = story.stderr.read()
    assert said == "quickstart: nobody reads what is printed, cleaning up\n", said
    assert story.returncode == 1, story.returncode
    assert not left_of(story.pid), left_of(story.pid)
    assert hugepages() == before


def main():
    tests = (what_a_killed_story_left_is_swept_with_its_hugepages, a_story_that_nobody_reads_any_more_cleans_up_without_a_traceback)
    if os.geteuid() != 0 or not os.path.exists(BIN):
        print(f"1..0 # SKIP needs root and {BIN}")
        return 77
    print(f"1..{len(tests)}")
    failed = 0
    for n, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {n} - {test.__name__}", flush=True)
        except Exception:  # whatever went wrong is a failure of that test
            failed += 1
            print(f"not ok {n} - {test.__name__}")
            print("".join(f"#   {line}\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
