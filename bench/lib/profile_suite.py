# SPDX-License-Identifier: Apache-2.0
"""--profile: where the time of a suite goes, by function. Samples (perf, CPU clock) say what waits for memory as well;
instructions (callgrind, exact) say what is executed, inclusive of nothing called. Per message or per call."""
import collections
import re
import subprocess
import tempfile

TOP = 25


def commands(src, folder):
    """suite → (unit, program with {n} units in it, n for perf, the two n whose difference callgrind counts)"""
    parse = [f"{folder}/bench/parse/parse_bench", f"{src}/bench/corpus", "--once", "decode", "{n}"]
    signal = [f"{folder}/bench/signal/signal_bench", "1000", "{n}", "1"]
    return {"parse": ("walk over the corpus", parse, 100000, (100, 300)), "signal": ("call", signal, 60000, (200, 1200))}


def fill(argv, n):
    return [a.format(n=n) for a in argv]


def samples(argv):
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4999", "-o", f.name, *argv], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
        text = subprocess.run(["perf", "report", "-i", f.name, "--stdio", "--no-children", "-F", "overhead,dso,symbol",
                               "-w", "0,24,48"], capture_output=True, text=True, timeout=300).stdout
    return [x.strip() for x in text.splitlines() if re.match(r"\s+\d", x)][:TOP]


def instructions(argv):
    """function → instructions of its own, from bench_count_on() on."""
    with tempfile.NamedTemporaryFile() as f:
        # signal_bench may end with 1: so slowed down, it finds no run undisturbed enough to time.
        subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={f.name}", *argv],
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
        text = subprocess.run(["callgrind_annotate", "--threshold=100", f.name], capture_output=True, text=True,
                              timeout=120).stdout
    own = collections.Counter()
    for count, name in re.findall(r"^\s*([\d,]+) \([^)]*\)\s+(?:\S*?:)?(\S+)", text, re.M):
        own[re.sub(r"'\d+$", "", name)] += int(count.replace(",", ""))
    own.pop("PROGRAM", None)
    if not own:
        raise RuntimeError(f"callgrind counted nothing of {' '.join(argv)}")
    return own


def per_unit(argv, few, many):
    a, b = instructions(fill(argv, few)), instructions(fill(argv, many))
    return collections.Counter({k: (b[k] - a[k]) / (many - few) for k in b})


def show(name, unit, argv, n, pair):
    print(f"\n{name}: samples, {' '.join(fill(argv, n)[-4:])}")
    for row in samples(fill(argv, n)):
        print(f"  {row}")
    own = per_unit(argv, *pair)
    total = sum(own.values())
    print(f"\n{name}: instructions per {unit}, {total:,.0f} in all")
    for fn, v in own.most_common(TOP):
        print(f"  {v:12,.1f}  {v / total * 100:5.1f} %  {fn}")


def main(src, folder, names):
    known = commands(src, folder)
    for name in names:
        if name not in known:
            print(f"--profile knows {', '.join(known)}, not {name}")
            return 2
        show(name, *known[name])
    return 0
