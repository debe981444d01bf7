#!/usr/bin/env python3
"""Lays the photographs of the walks out in one page, `index.html` beside them: a row for each page, as a phone and as a desktop, light and dark.

    album.py [--shots .build/screenshots] [--into .build/ci-artifacts/screenshots]

With --into they are copied there first. Says nothing where there are none.
"""
import argparse
import html
import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("phone-light", "phone-dark", "desktop-light", "desktop-dark")
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Every page, as photographed</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem}section{margin:2.5rem 0}h2{font-size:1.1rem;margin:0}p{margin:0 0 .5rem;color:#555}
.shots{display:flex;gap:1rem;align-items:start;overflow-x:auto}img{border:1px solid #ccc;display:block}.phone img{width:180px}.desktop img{width:420px}</style>
<main><h1>Every page, as photographed</h1>
"""


def album(shots):
    """The page, and how many photographs are on it."""
    listed = shots / "pages.jsonl"
    pages = {entry["name"]: entry for entry in map(json.loads, listed.read_text().splitlines())} if listed.exists() else {}
    written, rest = [HEAD], {file.name for file in shots.glob("*.png")}
    count = len(rest)
    for name, about in pages.items():
        files = [(view, f"{name}-{view}.png") for view in VIEWS if f"{name}-{view}.png" in rest]
        rest -= {file for _, file in files}
        written.append(section(name, f"{about['title']} — {about['path']}", files))
    written += [section(file.removesuffix(".png"), "", [("desktop", file)]) for file in sorted(rest)]
    return "\n".join(written) + "\n</main></html>\n", count


def section(name, about, files):
    pictures = "".join(
        f'<a class="{view.split("-")[0]}" href="{html.escape(file)}"><img loading="lazy" src="{html.escape(file)}" alt="{html.escape(name)}, {view.replace("-", ", ")}"></a>'
        for view, file in files)
    return f'<section id="{html.escape(name)}"><h2>{html.escape(name)}</h2><p>{html.escape(about)}</p><div class="shots">{pictures}</div></section>'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, default=ROOT / ".build" / "screenshots")
    parser.add_argument("--into", type=Path)
    options = parser.parse_args()
    shots = options.shots
    if not any(shots.glob("*.png")):
        return 0
    if options.into:
        shutil.rmtree(options.into, ignore_errors=True)
        shutil.copytree(shots, options.into)
        shots = options.into
    written, count = album(shots)
    (shots / "index.html").write_text(written)
    print(f"{count} photographs: {shots / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
