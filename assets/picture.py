#!/usr/bin/env python3
"""Makes assets/console.png from the real program: `rollbook demo` in tmux, its screen as HTML,
Chromium's picture of that. Needs tmux and chromium; run it from the project's root:

    cargo build --release && python3 assets/picture.py
"""

import html
import pathlib
import re
import subprocess
import tempfile
import time

COLUMNS, ROWS = 120, 38
PALETTE = ["#1d2430", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9"]
BRIGHT = ["#6e7681", "#ffa198", "#a5f0ae", "#f2cc60", "#a5d6ff", "#e2c5ff", "#8be9f0", "#ffffff"]
STEPS = [0, 95, 135, 175, 215, 255]


def colour(index):
    """One of the 256 colours (xterm's cube and greys)."""
    if index < 16:
        return (PALETTE + BRIGHT)[index]
    if index < 232:
        red, rest = divmod(index - 16, 36)
        return "#%02x%02x%02x" % tuple(STEPS[part] for part in (red, *divmod(rest, 6)))
    return "#%02x%02x%02x" % ((8 + 10 * (index - 232),) * 3)


def style(codes, state):
    """Applies the numbers of one SGR sequence to the state."""
    codes = [int(code or 0) for code in codes]
    while codes:
        code = codes.pop(0)
        if code == 0:
            state.clear()
        elif code in (38, 48) and codes[:1] == [5]:
            state["color" if code == 38 else "background"] = colour(codes[1])
            del codes[:2]
        elif code in (1, 2, 3, 4, 7):
            state[code] = True
        elif 30 <= code <= 37 or 90 <= code <= 97:
            state["color"] = colour(code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            state["background"] = colour(code - 40 if code < 100 else code - 92)
        elif code in (22, 23, 24, 27):
            for gone in {22: (1, 2), 23: (3,), 24: (4,), 27: (7,)}[code]:
                state.pop(gone, None)
        elif code in (39, 49):
            state.pop("color" if code == 39 else "background", None)


def css(state):
    ink, ground = state.get("color", "#c9d1d9"), state.get("background", "#0d1117")
    if state.get(7):
        ink, ground = ground, ink
    looks = f"color:{ink};background:{ground}"
    looks += ";font-weight:600" if state.get(1) else ""
    looks += ";opacity:.65" if state.get(2) else ""
    looks += ";text-decoration:underline" if state.get(4) else ""
    return looks


def page(screen):
    state, parts = {}, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", screen):
        found = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if found:
            style(found.group(1).split(";"), state)
        elif part:
            parts.append(f'<span style="{css(state)}">{html.escape(part)}</span>')
    body = "".join(parts)
    return (
        '<!doctype html><meta charset="utf-8"><style>body{margin:0;padding:14px;background:#0d1117}'
        'pre{margin:0;font:15px/18px "DejaVu Sans Mono","Liberation Mono",monospace}</style>'
        f"<pre>{body}</pre>"
    )


def tmux(*words):
    return subprocess.run(["tmux", "-L", "rollbook-picture", *words], check=True, capture_output=True, text=True).stdout


def main():
    program = pathlib.Path("target/release/rollbook").resolve()
    run = f"env LANG=C.UTF-8 TERM=tmux-256color COLORTERM=truecolor TZ=UTC {program} demo"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), run)
    try:
        deadline = time.time() + 60
        while "200 users" not in tmux("capture-pane", "-p"):
            assert time.time() < deadline, "the demo did not come up"
            time.sleep(0.2)
        # The toast goes after a while; then a few rows down, for a quiet picture.
        time.sleep(10)
        tmux("send-keys", "Down", "Down", "Down")
        time.sleep(1)
        screen = tmux("capture-pane", "-p", "-e")
    finally:
        tmux("kill-server")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "console.html")
        source.write_text(page(screen), encoding="utf-8")
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking", "--no-first-run", f"--user-data-dir={folder}/profile",
             f"--window-size={COLUMNS * 9 + 30},{ROWS * 18 + 28}", "--force-device-scale-factor=1.5",
             "--screenshot=assets/console.png", source.as_uri()],
            check=True, capture_output=True,
        )


if __name__ == "__main__":
    main()
