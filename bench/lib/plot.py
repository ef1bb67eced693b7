# SPDX-License-Identifier: Apache-2.0
"""Result lines to PNG, by gnuplot."""
import os
import re
import subprocess

HEAD = """set terminal pngcairo size {w},{h} font 'DejaVu Sans,11' background '#ffffff'
set output '{out}'
set title "{title}" font ',14'
set grid back lc rgb '#dddddd'
set border 3
set tics nomirror
set ylabel "{unit}"
"""
COLOURS = ["#1f6f8b", "#d1495b", "#edae49", "#66a182", "#5c4d7d", "#8d6a4f", "#3a3a3a"]


def quoted(text):
    return str(text).replace("\\", "").replace('"', "'").replace("_", " ")


def pick(chart, results):
    """(match, result) of what the chart shows, in the order of the run."""
    for r in results:
        hit = re.fullmatch(chart.cases, r["case"])
        if r["suite"] == chart.suite and r["metric"] in chart.metrics and hit:
            yield hit, r


def name(r):
    return quoted(r["case"].removeprefix("part: "))


def bars(chart, rows):
    """Lying bars, so that names stay readable, with the figure at the end of each."""
    rows = rows[::-1]
    units = list(dict.fromkeys(r["unit"] for r in rows))
    one = units[0] if len(units) == 1 else ""
    data = "\n".join(f'{i} {r["median"]} "{name(r)}" "{figure(r["median"])} {"" if one else r["unit"]}"'
                     for i, r in enumerate(rows))
    low = min(r["median"] for r in rows if r["median"] > 0)
    top = max(r["median"] for r in rows)
    body = f'set xlabel "{one}{" (logarithmic)" if chart.log else ""}"\nunset ylabel\nset yrange [-0.7:{len(rows) - 0.3}]\n'
    left = low / 3 if chart.log else 0
    body += f"set xrange [{left}:{top * (6 if chart.log else 1.25)}]\n" + ("set logscale x\n" if chart.log else "")
    body += f"set style fill solid\nset ytics scale 0\nset lmargin {max(len(name(r)) for r in rows) + 3}\n$d << E\n" + data + "\nE\n"
    body += f"plot $d using ({left}):1:({left}):2:($1-0.35):($1+0.35):ytic(3) with boxxyerror lc rgb '{COLOURS[0]}' notitle, "
    body += "$d using 2:1:4 with labels left offset 0.7,0 font ',10' notitle\n"
    return body, 70 + 34 * len(rows), ""


def figure(v):
    return f"{v:,.0f}" if v >= 100 else f"{v:.3g}"


def lines(chart, picked):
    body = f'set xlabel "{chart.x}"\nset key top left\nset format y "%.10g"\n' + ("set logscale xy\n" if chart.log else "")
    plots = []
    for i, metric in enumerate(chart.metrics):
        mine = sorted(((float(h.group(1)), r) for h, r in picked if r["metric"] == metric), key=lambda row: row[0])
        body += f"$d{i} << E\n" + "\n".join(f"{x} {r['median']} {r['min']} {r['max']}" for x, r in mine) + "\nE\n"
        style = f"lc rgb '{COLOURS[i % len(COLOURS)]}' lw 2"
        plots.append(f"$d{i} using 1:2:3:4 with yerrorbars {style} notitle")
        plots.append(f'$d{i} using 1:2 with linespoints {style} pt 7 title "{quoted(metric)}"')
    if not chart.log:
        body += "set xrange [0:*]\nset yrange [0:*]\n"
    return body + "plot " + ", ".join(plots) + "\n", 480, picked[0][1]["unit"]


def one(chart, picked, folder):
    numeric = re.compile(chart.cases).groups > 0
    if numeric:
        picked.sort(key=lambda p: float(p[0].group(1)))
    body, height, unit = lines(chart, picked) if numeric else bars(chart, [r for _, r in picked])
    head = HEAD.format(w=900, h=height, out=os.path.join(folder, chart.file), title=quoted(chart.title), unit=unit)
    subprocess.run(["gnuplot"], input=head + body, text=True, check=True, timeout=30)


def draw(charts, results, folder, say):
    os.makedirs(folder, exist_ok=True)
    for chart in charts:
        picked = [(h, r) for h, r in pick(chart, results) if r["median"] > 0]
        if not picked:
            continue
        try:
            one(chart, picked, folder)
            say(f"   {os.path.join(folder, chart.file)}")
        except (OSError, subprocess.SubprocessError) as e:
            say(f"   {chart.file} could not be drawn: {e}")
