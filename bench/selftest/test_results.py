#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of bench/lib that a person relies on when reading a comparison."""
import json
import os
import re
import sys
import unittest

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SRC, "bench", "lib"))
import results  # noqa: E402
import suites  # noqa: E402


def result(values, unit="ns/message", case="decode"):
    return results.parse(results.line("parse", case, "mean", unit, values))


class Results(unittest.TestCase):
    def slower(self, old, new):
        return results.compare([old], [new])[1]

    def test_the_median_is_the_value_and_the_extremes_are_kept(self):
        r = result([5, 1, 9])
        self.assertEqual((r["value"], r["median"], r["min"], r["max"], r["runs"]), (5, 5, 1, 9, 3))
        self.assertEqual(result([1, 2, 4, 8])["median"], 3)

    def test_twice_the_time_is_slower(self):
        self.assertEqual(self.slower(result([100, 101, 102]), result([200, 202, 204])), 1)

    def test_half_the_rate_is_slower_and_twice_the_rate_is_not(self):
        one, two = result([100, 101], "calls/s"), result([200, 202], "calls/s")
        self.assertEqual((self.slower(two, one), self.slower(one, two)), (1, 0))
        self.assertEqual(self.slower(result([2, 2.1], "GB/s"), result([1, 1.1], "GB/s")), 1)

    def test_runs_that_overlap_are_noise(self):
        self.assertEqual(self.slower(result([100, 110, 300]), result([150, 180, 200])), 0)

    def test_a_quarter_more_is_not_yet_slower(self):
        self.assertEqual(self.slower(result([100]), result([125])), 0)
        self.assertEqual(self.slower(result([100]), result([126])), 1)

    def test_what_is_not_the_same_figure_is_not_compared(self):
        self.assertEqual(self.slower(result([100]), result([900], case="check")), 0)
        self.assertEqual(self.slower(result([100]), result([900], unit="us/message")), 0)
        self.assertEqual(self.slower(result([10], "%"), result([90], "%")), 0)

    def test_a_line_that_lacks_a_field_is_refused(self):
        for field in results.FIELDS:
            r = result([1])
            del r[field]
            with self.assertRaises(ValueError):
                results.parse(json.dumps(r))

    def test_every_suite_reads_from_suites_before_it_and_every_chart_has_a_suite(self):
        names = [s.name for s in suites.SUITES]
        for n, s in enumerate(suites.SUITES):
            self.assertLessEqual(set(s.after), set(names[:n]))
        for c in suites.CHARTS:
            self.assertIn(c.suite, names)
            re.compile(c.cases)


if __name__ == "__main__":
    unittest.main()
