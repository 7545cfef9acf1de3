#!/usr/bin/env python3
"""Draw the pictures of README: pictures.py BUILD FOLDER, as `make pictures` does.

A real run is watched by the real programs, in tmux. What stands on the screen
is taken as text with its colours and becomes SVG: rt-tail.svg, which moves, and
rt-monitor.svg. Times are those of this very run, so that each drawing differs
a little from the one before.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from html import escape

NIGHTLY = """#!/bin/sh
rt-run step fetch -- sh -c 'for f in parser lexer tests; do sleep .5; echo "GET /$f.tar.gz 200"; done'
rt-emit -s build --percent 30 "Building 3 targets"
rt-run step build -- sh -c 'for f in lexer parser main; do echo "cc -O2 -c $f.c"; sleep .6; done
    echo "main.c:41: warning: unused variable n" >&2; sleep .5'
rt-emit --level warning --component size "The binary has grown by 12%"
rt-emit -s test --percent 70 "Testing"
rt-run step test -- sh -c 'for t in numbers strings comments errors; do sleep .5; echo "ok $t"; done
    sleep ${LINGER:-0}'
rt-emit --percent 100 "All tests passed"
"""

COLUMN, ROW, EDGE = 8.4, 18, 14
FONT = '14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'
# background, edge, text, then the eight colours of a terminal from red to white
DARK = "#0d1117 #30363d #e6edf3 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #e6edf3".split()
LIGHT = "#ffffff #d0d7de #1f2328 #cf222e #1a7f37 #9a6700 #0969da #8250df #1b7c83 #1f2328".split()
PAUSE = 4  # seconds that the last screen stays


SGR = re.compile("\033\\[([0-9;]*)m")


def restyle(style, codes):
    """What a sequence of colours makes of a style: bold, dim, reversed, and a colour."""
    for code in map(int, (codes or "0").split(";")):
        if code == 0:
            style = frozenset()
        elif code in (1, 2, 7):
            style |= {{1: "b", 2: "d", 7: "r"}[code]}
        elif 31 <= code <= 37 or code == 39:
            style = frozenset(s for s in style if s[0] != "c")
            style |= {f"c{code - 30}"} if code < 38 else set()
    return style


def read(screen):
    """Its rows, each of which is texts with their styles: one may begin as the last one ended."""
    style, rows = frozenset(), []
    for line in screen.split("\n"):
        row = []
        for i, part in enumerate(SGR.split(line)):
            if i % 2:
                style = restyle(style, part)
            elif part:
                row.append((part, style))
        while row and not row[-1][0].strip() and "r" not in row[-1][1]:
            row.pop()
        rows.append(tuple(row))
    return rows


def plain(rows):
    return ["".join(text for text, _ in row).rstrip() for row in rows]


class Screen:
    """A shell on a screen of its own, whose folders are gone afterwards."""

    def __init__(self, build, columns, rows):
        self.folder = tempfile.mkdtemp(prefix="rt-pictures.")
        self.columns, self.rows = columns, rows
        with open(self.folder + "/nightly.sh", "w", encoding="utf-8") as f:
            f.write(NIGHTLY)
            os.chmod(f.fileno(), 0o755)
        self.env = {
            "PATH": os.path.abspath(build) + "/bin:" + os.environ["PATH"],
            "HOME": self.folder, "TERM": "tmux-256color", "TZ": "UTC", "LC_ALL": "C.UTF-8",
            "RT_RUNS_DIR": self.folder + "/runs",
        }
        self.tmux("new-session", "-d", "-s", "it", "-x", str(columns), "-y", str(rows + 1),
                  "-c", self.folder, "exec sh -i")
        self.tmux("set", "status", "off")
        self.tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(rows))
        self.type("PS1='$ '; clear")
        self.enter()
        self.wait_for(lambda rows: rows[0] == "$")

    def tmux(self, *words):
        command = ["tmux", "-S", self.folder + "/socket", "-f", "/dev/null", *words]
        return subprocess.run(command, env=self.env, cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout

    def type(self, text):
        self.tmux("send-keys", "-t", "it", "-l", text)

    def enter(self):
        self.tmux("send-keys", "-t", "it", "Enter")

    def look(self):
        return read(self.tmux("capture-pane", "-t", "it", "-e", "-p"))[:self.rows]

    def wait_for(self, is_there):
        end = time.monotonic() + 20
        while not is_there(plain(self.look())):
            if time.monotonic() > end:
                sys.exit("pictures.py: what was waited for did not come:\n" + "\n".join(plain(self.look())))
            time.sleep(0.05)

    def close(self):
        program = shutil.which("rt-run", path=self.env["PATH"])
        subprocess.run([program, "cancel", "nightly-7"], env=self.env, check=False, capture_output=True)
        self.tmux("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)


def draw_row(row, y):
    """A row as SVG; each text is as wide as its columns, whatever the font."""
    column, out = 0, []
    for text, style in row:
        x, width = EDGE + column * COLUMN, len(text) * COLUMN
        column += len(text)
        if "r" in style:
            out.append(f'<rect class="t" x="{x:g}" y="{y - 13:g}" width="{width:g}" height="{ROW}"/>')
            style = {"k"}
        if not text.strip():
            continue
        x += (len(text) - len(text.lstrip(" "))) * COLUMN
        text = text.strip(" ")
        names = f' class="{" ".join(sorted(style))}"' if style else ""
        out.append(f'<text x="{x:g}" y="{y:g}" textLength="{len(text) * COLUMN:g}"{names}>'
                   f"{escape(text, False)}</text>")
    return "".join(out)


def colors(background, edge, text, *rest):
    named = "".join(f".c{i}{{fill:{c}}}" for i, c in enumerate(rest, 1))
    return (f"text,.t{{fill:{text}}}.k{{fill:{background}}}{named}"
            f".bg{{fill:{background};stroke:{edge}}}")


def save(path, title, columns, rows, body, style=""):
    width, height = columns * COLUMN + 2 * EDGE, rows * ROW + 2 * EDGE
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
                f'viewBox="0 0 {width:g} {height:g}" role="img"><title>{escape(title)}</title>\n'
                f"<style>text{{font:{FONT};white-space:pre}}.b{{font-weight:700}}.d{{opacity:.65}}"
                f".t{{shape-rendering:crispEdges}}\n{colors(*DARK)}\n"
                f"@media(prefers-color-scheme:light){{{colors(*LIGHT)}}}\n{style}</style>\n"
                f'<rect class="bg" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>\n'
                f"{body}</svg>\n")


def row_y(i):
    return EDGE + i * ROW + 13


def still(screen, path, title):
    body = "".join(draw_row(row, row_y(i)) + "\n" for i, row in enumerate(screen.look()) if row)
    save(path, title, screen.columns, screen.rows, body)


def record(screen, done):
    """What stands in which row, from when to when: (row, text, begin, end)."""
    start, shown, lives = time.monotonic(), {}, []
    while True:
        now = round(time.monotonic() - start, 1)
        rows = screen.look()
        for i, row in enumerate(rows):
            text, since = shown.get(i, ((), 0))
            if row != text:
                if text:
                    lives.append((i, text, since, now))
                shown[i] = (row, now)
        if done(plain(rows)):
            break
        time.sleep(0.05)
    lives += [(i, text, since, None) for i, (text, since) in shown.items() if text]
    return [life for life in lives if life[2] != life[3]], now + PAUSE


def moving(screen, path, title, lives, seconds):
    """Rows that come and go together are a group; without animation the last screen is seen."""
    groups = {}
    for i, text, begin, end in lives:
        groups.setdefault((begin, end), []).append(draw_row(text, row_y(i)))
    style = [f"g{{animation:{seconds:g}s step-end infinite}}",
             "@media(prefers-reduced-motion:reduce){g{animation:none!important}}"]
    body = []
    for n, ((begin, end), rows) in enumerate(sorted(groups.items(), key=lambda g: g[0][0])):
        steps = [(0, "hidden"), (begin, "visible")] if begin else [(0, "visible")]
        steps += [(end, "hidden")] if end else []
        frames = "".join(f"{100 * at / seconds:.4g}%{{visibility:{v}}}" for at, v in steps)
        style.append(f"@keyframes k{n}{{{frames}}}")
        hidden = ' visibility="hidden"' if end else ""
        body.append(f'<g style="animation-name:k{n}"{hidden}>' + "".join(rows) + "</g>\n")
    save(path, title, screen.columns, screen.rows, "".join(body), "\n".join(style) + "\n")


def picture_tail(build, path):
    screen = Screen(build, 92, 27)
    try:
        screen.type("rt-run --detach --id nightly-7 -- ./nightly.sh")
        screen.enter()
        screen.wait_for(lambda rows: "nightly-7" in rows)
        screen.type("rt-tail -f --time elapsed")
        screen.enter()
        lives, seconds = record(screen, lambda rows: rows.count("$") == 1)
        moving(screen, path, "rt-tail follows a run: its events and what it prints, by time",
               lives, seconds)
    finally:
        screen.close()


def picture_monitor(build, path):
    screen = Screen(build, 100, 30)
    try:
        screen.type("LINGER=60 rt-run --detach --id nightly-7 -- ./nightly.sh; clear; rt-monitor nightly-7")
        screen.enter()
        screen.wait_for(lambda rows: any(row.startswith("ok errors") for row in rows))
        time.sleep(0.3)
        still(screen, path, "rt-monitor: a run on the whole screen")
    finally:
        screen.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: pictures.py BUILD FOLDER")
    picture_tail(sys.argv[1], sys.argv[2] + "/rt-tail.svg")
    picture_monitor(sys.argv[1], sys.argv[2] + "/rt-monitor.svg")
