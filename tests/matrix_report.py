# SPDX-License-Identifier: Apache-2.0
"""tests/matrix: the rows of the contract and the tests that show them. Used by tests/run --matrix."""
import os
import re

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "matrix")


def read(path=FILE):
    """(rows: [(row, [test, …], why)], required: set of rows). A row has tests or a reason, never both."""
    rows, required = [], set()
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.split("#")[0].strip() if line.startswith("#") else line.strip()
            if not line:
                continue
            head, rest = line.split(None, 1)
            if head == "required":
                required |= {n for part in rest.split() for n in span(part)}
            elif not re.fullmatch(r"S\d+[a-z]?", head):
                raise SystemExit(f"{path}:{number}: no row: {line}")
            elif rest.startswith("missing:"):
                rows.append((head, [], rest[len("missing:"):].strip()))
            else:
                rows.append((head, [t.strip() for t in rest.split(",")], ""))
    check_complete(path, rows)
    return rows, required


def span(part):
    low, _, high = part.replace("S", "").partition("-")
    return range(int(low), int(high or low) + 1)


def number_of(row):
    return int(re.match(r"S(\d+)", row).group(1))


def check_complete(path, rows):
    there = {number_of(row) for row, _, _ in rows}
    absent = [n for n in range(1, 101) if n not in there]
    names = [row for row, _, _ in rows]
    if absent or len(names) != len(set(names)):
        raise SystemExit(f"{path}: rows that are not there: {absent}, rows given twice: "
                         f"{sorted({n for n in names if names.count(n) > 1})}")


def verdict(tests, results):
    """results: test name → set of "ok", "not ok", "skip"."""
    for test in tests:
        seen = results.get(test, set())
        if "not ok" in seen:
            return f"fail {test}"
        if "ok" not in seen:
            return f"fail {test} (did not run)"
    return f"pass {', '.join(tests)}"


def report(results, show=print):
    """One line a row; how many of them fail, a required row without a test included."""
    rows, required = read()
    bad = 0
    for row, tests, why in rows:
        if tests:
            line = verdict(tests, results)
            bad += line.startswith("fail")
        else:
            owed = number_of(row) in required
            line = f"missing {why}" + (" (required)" if owed else "")
            bad += owed
        show(f"{row} {line}")
    return bad
