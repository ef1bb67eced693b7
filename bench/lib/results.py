# SPDX-License-Identifier: Apache-2.0
"""Result lines: reading, checking, showing, comparing."""
import json
import re

FIELDS = {"suite": str, "case": str, "metric": str, "unit": str, "saturated": str, "value": (int, float),
          "median": (int, float), "min": (int, float), "max": (int, float), "runs": int, "ratio_to": dict}
SLOWER = 1.25


def parse(line):
    """A result, or ValueError that says what is wrong with the line."""
    r = json.loads(line)
    for name, kind in FIELDS.items():
        if not isinstance(r.get(name), kind):
            raise ValueError(f"{name} is missing or not {kind}")
    return r


def line(suite, case, metric, unit, values, saturated="subject", ratio_to=None):
    """A result line for a list of repetitions, the same as bench_emit writes."""
    v = sorted(values)
    mid = v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2
    return json.dumps({"suite": suite, "case": case, "metric": metric, "value": mid, "unit": unit, "median": mid,
                       "min": v[0], "max": v[-1], "runs": len(v), "saturated": saturated, "ratio_to": ratio_to or {}})


def read(path):
    with open(path, encoding="utf8") as f:
        return [parse(text) for text in f if text.strip()]


def number(v):
    if v == 0 or 0.01 <= abs(v) < 1e6:
        return f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.4g}"
    return f"{v:.3g}"


def spread(r):
    return f"±{(r['max'] - r['min']) / 2 / r['median'] * 100:.0f} %" if r["runs"] > 1 and r["median"] else ""


def rows(results):
    for r in results:
        ratios = ", ".join(f"{v:.2f}× {k}" for k, v in r["ratio_to"].items())
        yield [r["case"], r["metric"], number(r["median"]), r["unit"], spread(r), r["saturated"], ratios]


HEAD = ["case", "metric", "median", "unit", "spread", "saturated", "beside"]


def table(results):
    """The results of every suite as text."""
    out = []
    for suite in dict.fromkeys(r["suite"] for r in results):
        body = [HEAD, *rows([r for r in results if r["suite"] == suite])]
        wide = [max(len(row[i]) for row in body) for i in range(len(HEAD))]
        out.append(f"\n{suite}")
        for row in body:
            cells = [c.rjust(w) if i == 2 else c.ljust(w) for i, (c, w) in enumerate(zip(row, wide))]
            out.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(out)


def key(r):
    return r["suite"], r["case"], r["metric"], r["unit"]


def rate(unit):
    return re.search(r"/s\b", unit) is not None


def cost_ratio(old, new):
    """How much dearer `new` is: above 1 slower, whichever way the unit counts. None: not comparable."""
    if new["unit"] == "%" or old["median"] <= 0 or new["median"] <= 0:
        return None
    q = new["median"] / old["median"]
    return 1 / q if rate(new["unit"]) else q


def apart(old, new):
    """No run of the one falls among the runs of the other: more than noise."""
    return new["min"] > old["max"] or new["max"] < old["min"]


def verdict(ratio, old, new):
    if not apart(old, new):
        return ""
    return "SLOWER" if ratio > SLOWER else "faster" if ratio < 1 / SLOWER else ""


def compare(old, new):
    """(text, number of results that became slower by more than SLOWER and by more than noise)."""
    before = {key(r): r for r in old}
    out, slower = [f"\nagainst the baseline: cost new ÷ old, above {SLOWER} and beyond the runs' spread is SLOWER"], 0
    for r in new:
        b = before.get(key(r))
        ratio = cost_ratio(b, r) if b else None
        if ratio is None:
            continue
        word = verdict(ratio, b, r)
        slower += word == "SLOWER"
        out.append(f"  {r['suite']:<8} {r['case']:<26} {r['metric']:<26} {number(b['median']):>10} → "
                   f"{number(r['median']):>10} {r['unit']:<22} {ratio:6.2f}× {word}".rstrip())
    out.append(f"  {slower} slower")
    return "\n".join(out), slower
