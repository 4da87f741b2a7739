"""The page: of each language two tables and two plots out of the samples."""

from __future__ import annotations

import statistics
from typing import Any

from languages import ALONE, LANGUAGES, WHO
from scenarios import CALLS, CHILDREN, OUTAGE_BOUND, PAUSES, ROTATIONS, UPLOAD_SIZE, UPLOAD_TIMEOUT, WINDOW
from words import AFTER_ROTATION, AFTER_TABLE, BEFORE, NOT_COMPARED, WORSE

#: Those of one language, with its key; `page` and `plots` take those of a whole run.
Results = dict[str, Any]
COLOURS = {"official": "#c2571a", ALONE: "#d9b38c", "kmsramcred": "#2a9d5c"}
ROTATION_COLUMNS = [
    "Rotation", "Callers", "Library", "Calls", "Failed", "Last failure after, s", "Slowest call, s", "KMS requests",
]
#: A row, the step that measured it, the figure in its samples, digits. Less is better in all of them. A language has the rows
#: of its steps, and memory of a call where the program is still there to be looked at.
ROWS = [
    ("import of the adapter for the V1 SDK, ms", "imports", "milliseconds", 0),
    ("memory of that import, MiB beyond the interpreter", "imports", "mebibytes", 1),
    ("size of the program, MiB", "size", "mebibytes", 1),
    ("start of the process to the first credential, ms", "first credential", "milliseconds", 0),
    ("start of the process to the first accepted call, ms", "first call", "milliseconds", 0),
    ("memory of the process after that call, MiB", "first call", "mebibytes", 1),
    ("a read of the cached key, 1 thread, ns", "read/1", "nanoseconds", 0),
    ("a read of the cached key, 64 threads or goroutines of one process, ns", "read/64", "nanoseconds", 0),
    (f"first call with KMS down: seconds until its error (looked at for {OUTAGE_BOUND:.0f} s)", "outage", "seconds", 1),
    (f"upload of {UPLOAD_SIZE >> 20} MiB with the key just dead: seconds (timeout {UPLOAD_TIMEOUT} s)", "upload", "seconds", 2),
]
UPLOAD_ROW = "that upload: reported as done and whole in OSS, runs"
FORK_ROW = f"{CHILDREN} forked children, {CALLS} calls each after a rotation: accepted calls"
ROTATION_FIGURES = [("calls", 0), ("failed", 0), ("failing_for", 2), ("slowest", 2), ("kms_requests", 0)]


def spread(values: list[float], digits: int) -> str:
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return middle if low == high else f"{middle} ({low} to {high})"


def figures(results: Results, step: str, who: str, figure: str) -> list[float]:
    return [sample[figure] for sample in results["steps"][step][who]]


def labels(results: Results) -> dict[str, str]:
    return LANGUAGES[results["key"]].labels


def columns(results: Results) -> list[str]:
    return ["What", *(labels(results)[who] for who in WHO)]


def rows(results: Results) -> list[tuple[str, str, str, int]]:
    """Those that were measured in the language."""
    return [given for given in ROWS if given[2] in (results["steps"].get(given[1]) or {WHO[0]: [{}]})[WHO[0]][0]]


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def head(columns: list[str]) -> list[str]:
    return [row(columns), "|" + "---|" * len(columns)]


def outage_cell(results: Results, who: str) -> str:
    values = figures(results, "outage", who, "seconds")
    return "none by then" if min(values) >= OUTAGE_BOUND else spread(values, 1)


def first_table(results: Results) -> list[str]:
    lines = head(columns(results))
    for name, step, figure, digits in rows(results):
        cells = [spread(figures(results, step, who, figure), digits) for who in WHO]
        if step == "outage":
            cells = [outage_cell(results, who) for who in WHO]
        lines.append(row([name, *cells]))
    if "upload" not in results["steps"]:
        return lines
    uploads = {who: results["steps"]["upload"][who] for who in WHO}
    whole = [f"{sum(s['whole'] and not s['error'] for s in uploads[who])} of {len(uploads[who])}" for who in WHO]
    forks = [f"{spread(figures(results, 'fork', who, 'ok'), 0)} of {CHILDREN * CALLS}" for who in WHO]
    return [*lines, row([UPLOAD_ROW, *whole]), row([FORK_ROW, *forks])]


def rotation_rows(results: Results) -> list[tuple[str, int, str]]:
    steps = [(name, threads) for name in ROTATIONS for threads in PAUSES]
    return [(name, threads, who) for name, threads in steps for who in results["steps"][f"rotation/{name}/{threads}"]]


def rotation_table(results: Results) -> list[str]:
    lines = head(ROTATION_COLUMNS)
    for name, threads, who in rotation_rows(results):
        step = f"rotation/{name}/{threads}"
        cells = [spread(figures(results, step, who, figure), digits) for figure, digits in ROTATION_FIGURES]
        lines.append(row([name, str(threads), labels(results)[who], *cells]))
    return lines


def worse(results: Results) -> list[str]:
    """Every figure whose median is worse with kmsramcred."""

    def medians(step: str, figure: str) -> tuple[float, float]:
        theirs, ours = (statistics.median(figures(results, step, who, figure)) for who in WHO)
        return theirs, ours

    found = []
    for name, step, figure, digits in rows(results):
        theirs, ours = medians(step, figure)
        if ours > theirs:
            found.append(f"- {name}: {ours:,.{digits}f} against {theirs:,.{digits}f}")
    for name in ROTATIONS:
        for threads in PAUSES:
            for (figure, digits), column in zip(ROTATION_FIGURES[1:], ROTATION_COLUMNS[4:]):
                theirs, ours = medians(f"rotation/{name}/{threads}", figure)
                if ours > theirs:
                    callers = f"{threads} caller{'s' if threads > 1 else ''}"
                    found.append(f"- {name}, {callers}, {column}: {ours:,.{digits}f} against {theirs:,.{digits}f}")
    theirs, ours = medians("fork", "ok") if "fork" in results["steps"] else (0.0, 0.0)
    if ours < theirs:
        found.append(f"- {FORK_ROW}: {ours:.0f} against {theirs:.0f}")
    return found or ["- none of the medians"]


def plot(results: Results, figure: str, title: str, digits: int) -> str:
    """Bars: the medians of each rotation, with the range of the runs as a line."""
    rows = rotation_rows(results)
    samples = [figures(results, f"rotation/{name}/{threads}", who, figure) for name, threads, who in rows]
    most = max(max(values) for values in samples) or 1.0
    left, wide, pitch = 340, 380, 20
    height = 60 + len(rows) * pitch + len(ROTATIONS) * len(PAUSES) * 6
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="12">',
        "<style>text{fill:#333}.range{stroke:#555}@media(prefers-color-scheme:dark){text{fill:#ddd}.range{stroke:#ccc}}</style>",
        f'<text x="10" y="18" font-size="14">{title}</text>',
    ]
    groups = 0
    for place, ((name, threads, who), values) in enumerate(zip(rows, samples)):
        groups += who == WHO[0]
        y = 34 + place * pitch + (groups - 1) * 6
        if who == WHO[0]:
            callers = f"{threads} caller{'s' if threads > 1 else ''}"
            svg.append(f'<text x="{left - 10}" y="{y + 22}" text-anchor="end">{name}, {callers}</text>')
        low, middle, high = (value / most * wide for value in (min(values), statistics.median(values), max(values)))
        svg.append(f'<rect x="{left}" y="{y}" width="{max(middle, 1):.1f}" height="16" fill="{COLOURS[who]}"/>')
        svg.append(f'<path class="range" d="M{left + low:.1f} {y + 8}H{left + high:.1f}"/>')
        svg.append(f'<text x="{left + max(high, 1) + 6:.1f}" y="{y + 12}">{statistics.median(values):,.{digits}f}</text>')
    for place, who in enumerate(labels(results)):
        x, y = left + place * 160, height - 14
        svg.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{COLOURS[who]}"/>')
        svg.append(f'<text x="{x + 18}" y="{y}">{labels(results)[who]}</text>')
    return "\n".join([*svg, "</svg>", ""])


def of_language(results: Results, key: str) -> Results:
    return {**results["languages"][key], "key": key}


def plots(results: Results) -> dict[str, str]:
    made = {}
    for key in results["languages"]:
        given, name = of_language(results, key), LANGUAGES[key].name
        made[f"{key}-failed.svg"] = plot(given, "failed", f"{name}: failed calls in the {WINDOW:.0f} s after a rotation", 0)
        made[f"{key}-slowest.svg"] = plot(given, "slowest", f"{name}: slowest call after a rotation, seconds", 2)
    return made


def section(results: Results) -> list[str]:
    key, shown = results["key"], labels(results)
    listed = {who: ", ".join(f"{name} {version}" for name, version in results["versions"][who].items()) for who in WHO}
    return [
        f"## {LANGUAGES[key].name}",
        "",
        *(f"- {shown[who]}: {listed[who]}" for who in WHO),
        f"- both: {results['platform']}, {results['runs']} run{'s' if results['runs'] > 1 else ''}, {results['date']}",
        "",
        *BEFORE[key],
        "",
        *first_table(results),
        "",
        *AFTER_TABLE[key],
        "",
        f"### One rotation under load, {LANGUAGES[key].name}",
        "",
        *AFTER_ROTATION[key],
        "",
        *rotation_table(results),
        "",
        f"![failed calls](comparison/{key}-failed.svg)",
        "",
        f"![slowest call](comparison/{key}-slowest.svg)",
        "",
        f"### Where kmsramcred is worse, {LANGUAGES[key].name}",
        "",
        *worse(results),
        "",
        *WORSE[key],
        "",
    ]


def page(results: Results) -> str:
    pauses = " or ".join(f"{int(pause * 1000)} ms ({threads})" for threads, pause in PAUSES.items())
    return "\n".join(
        [
            "# Compared with what Alibaba Cloud publishes",
            "",
            "Written by `make compare COMPARE_PYTHON=python3.10`; do not edit. Median of the runs, and in brackets the least and the most of them.",
            "",
            f"{results['cpus']} processors; of imports in Python there are more runs. Each run is a fresh process, against one",
            "[emulator](emulator.md) on the same machine, with an AccessKey for KMS and no other setting changed. The official libraries do not",
            "verify the certificate of KMS, kmsramcred does. In a rotation under load the key is rotated once in each process, and calls are",
            f"counted for {WINDOW:.0f} seconds; callers pause {pauses} after each call. \"Calls\" and \"Failed\" are what the",
            "program sees; a last failure close to the end of the time means that it had not recovered.",
            "",
            *(line for key in results["languages"] for line in section(of_language(results, key))),
            "## What is not compared",
            "",
            *(f"- {why}" for why in results["left_out"].values()),
            *NOT_COMPARED,
            "",
        ]
    )
