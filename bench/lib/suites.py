# SPDX-License-Identifier: Apache-2.0
"""The one table of suites. A suite is programs that print result lines (bench/lib/bench.h) on stdout and progress on
stderr, and end by themselves; what else they start they also end. A program that prints no result has failed.

In a program's arguments {src} is the checkout, {build} the build folder, {scratch} an empty folder of its own (removed
afterwards), {results} the file of result lines of the suites that ran before."""
from typing import NamedTuple


class Suite(NamedTuple):
    name: str
    what: str  # one line for --help
    full: list  # programs: argument lists
    quick: list  # the same for --quick
    limit_s: int  # of each program; when it runs out the program and its children are ended
    quick_limit_s: int
    root: bool = False  # needs root: namespaces, devices
    after: tuple = ()  # suites whose results it reads; they run first


class Chart(NamedTuple):
    """A picture. cases: regular expression a result's case must match whole; its group, if any, is the number on the
    x axis (a line chart), without one the cases stand beside each other (bars)."""
    file: str
    title: str
    suite: str
    metrics: list
    cases: str
    x: str = ""
    log: bool = False


PARSE = ["{src}/bench/parse/suite", "--build", "{build}"]
RELAY = ["{src}/bench/relay/suite", "--build", "{build}", "--scratch", "{scratch}"]
SIGNAL = ["{src}/bench/signal/suite", "--build", "{build}", "--scratch", "{scratch}"]
TCP = ["{build}/bench/tcp/tcp_bench"]
CONTROL = ["{src}/bench/control/suite", "--build", "{build}", "--scratch", "{scratch}"]
CALL = ["{src}/bench/call/suite", "--build", "{build}", "--scratch", "{scratch}"]

SUITES = [
    Suite("parse", "one message through the parser, beside other parsers and memcpy",
          [PARSE], [[*PARSE, "--quick"]], 300, 100),
    Suite("signal", "a two-leg call on one worker: memory rings, veth, beside Kamailio and testpmd",
          [SIGNAL], [[*SIGNAL, "--quick"]], 900, 90, root=True),
    Suite("relay", "RTP through one worker: memory rings, veth, beside rtpengine and testpmd",
          [RELAY], [[*RELAY, "--quick"]], 300, 60, root=True),
    Suite("tcp", "one request over our own TCP in memory, by connections",
          [[*TCP, n, "200000", "9"] for n in ("1", "1000", "5000", "20000")], [[*TCP, n, "100000", "5"] for n in ("1000", "5000")], 120, 60),
    Suite("control", "ring round trip, REST creates, webhooks",
          [CONTROL], [[*CONTROL, "--quick"]], 240, 60, root=True),
    Suite("call", "the whole product: REST, two legs, TwiML, callbacks; a rate sweep and overload",
          [CALL], [[*CALL, "--quick"]], 600, 110, root=True),
    Suite("host", "what this machine carries, read from the suites above",
          [["{src}/bench/host/suite", "{results}"]], [["{src}/bench/host/suite", "{results}"]], 30, 30,
          after=("signal", "relay", "control", "call")),
]

CHARTS = [
    Chart("parse.png", "One SIP message, mean of the corpus", "parse", ["mean"], r".*", log=True),
    Chart("parse-instructions.png", "One SIP message, mean of the corpus", "parse", ["instructions"], r".*", log=True),
    Chart("parse-hostile.png", "Hostile text through everything that walks text: of each kind the dearest", "parse",
          [f"hostile_{h}" for h in ("bare", "addr", "uri", "via", "message", "sdp", "auth")], r"hostile-(\d+)", "bytes"),
    Chart("signal.png", "A two-leg call on one core, memory rings", "signal", ["call_time"], r"up-(\d+)",
          "calls up at a time", log=True),
    Chart("signal-memory.png", "Memory of one worker, all its pools", "signal", ["memory"], r"up-(\d+)", "calls up at a time",
          log=True),
    Chart("signal-veth.png", "A two-leg call over a veth, CPU of the subject", "signal", ["cpu"], r"veth .*"),
    Chart("relay.png", "An RTP packet through one worker, memory rings", "relay", ["packet"], r"streams-(\d+)", "streams",
          log=True),
    Chart("relay-veth.png", "RTP over a veth, one core", "relay", ["rate"], r"veth .*"),
    Chart("call-goodput.png", "Calls completed at the rate offered, whole product", "call", ["offered", "completed_rate"],
          r"rate-(\d+)", "calls offered per second"),
    Chart("call-cpu.png", "CPU of the engine by part, one call, whole product", "call", ["cpu_part"], r"part: (?:.*)"),
    Chart("host.png", "What this machine carries", "host", ["knee"], r".*", log=True),
]
