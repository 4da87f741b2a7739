"""The page: two tables and two plots out of the samples."""

from __future__ import annotations

import statistics
from typing import Any

from scenarios import CALLS, CHILDREN, OUTAGE_BOUND, PAUSES, ROTATIONS, UPLOAD_SIZE, UPLOAD_TIMEOUT, WINDOW
from stage import WHO

Results = dict[str, Any]
COLOURS = {"official": "#c2571a", "kmsramcred": "#2a9d5c"}
NAMES = {"official": "official plug-in", "kmsramcred": "kmsramcred"}
COLUMNS = ["What", *(NAMES[who] for who in WHO)]
ROTATION_COLUMNS = [
    "Rotation", "Callers", "Library", "Calls", "Failed", "Last failure after, s", "Slowest call, s", "KMS requests",
]
#: A row, the step that measured it, the figure in its samples, digits. Less is better in all of them.
ROWS = [
    ("import of the adapter for the V1 SDK, ms", "imports", "milliseconds", 0),
    ("memory of that import, MiB beyond the interpreter", "imports", "mebibytes", 1),
    ("start of the process to the first credential, ms", "first credential", "milliseconds", 0),
    ("start of the process to the first accepted call, ms", "first call", "milliseconds", 0),
    ("a read of the cached key, 1 thread, ns", "read/1", "nanoseconds", 0),
    ("a read of the cached key, 64 threads of one interpreter, ns", "read/64", "nanoseconds", 0),
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


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def head(columns: list[str]) -> list[str]:
    return [row(columns), "|" + "---|" * len(columns)]


def outage_cell(results: Results, who: str) -> str:
    values = figures(results, "outage", who, "seconds")
    return "none by then" if min(values) >= OUTAGE_BOUND else spread(values, 1)


def first_table(results: Results) -> list[str]:
    lines = head(COLUMNS)
    for name, step, figure, digits in ROWS:
        cells = [spread(figures(results, step, who, figure), digits) for who in WHO]
        if step == "outage":
            cells = [outage_cell(results, who) for who in WHO]
        lines.append(row([name, *cells]))
    uploads = {who: results["steps"]["upload"][who] for who in WHO}
    whole = [f"{sum(s['whole'] and not s['error'] for s in uploads[who])} of {len(uploads[who])}" for who in WHO]
    forks = [f"{spread(figures(results, 'fork', who, 'ok'), 0)} of {CHILDREN * CALLS}" for who in WHO]
    return [*lines, row([UPLOAD_ROW, *whole]), row([FORK_ROW, *forks])]


def rotation_rows() -> list[tuple[str, int, str]]:
    return [(name, threads, who) for name in ROTATIONS for threads in PAUSES for who in WHO]


def rotation_table(results: Results) -> list[str]:
    lines = head(ROTATION_COLUMNS)
    for name, threads, who in rotation_rows():
        step = f"rotation/{name}/{threads}"
        cells = [spread(figures(results, step, who, figure), digits) for figure, digits in ROTATION_FIGURES]
        lines.append(row([name, str(threads), NAMES[who], *cells]))
    return lines


def worse(results: Results) -> list[str]:
    """Every figure whose median is worse with kmsramcred."""

    def medians(step: str, figure: str) -> tuple[float, float]:
        theirs, ours = (statistics.median(figures(results, step, who, figure)) for who in WHO)
        return theirs, ours

    found = []
    for name, step, figure, digits in ROWS:
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
    theirs, ours = medians("fork", "ok")
    if ours < theirs:
        found.append(f"- {FORK_ROW}: {ours:.0f} against {theirs:.0f}")
    return found or ["- none of the medians"]


def plot(results: Results, figure: str, title: str, digits: int) -> str:
    """Bars: the medians of each rotation, with the range of the runs as a line."""
    rows = rotation_rows()
    samples = [figures(results, f"rotation/{name}/{threads}", who, figure) for name, threads, who in rows]
    most = max(max(values) for values in samples) or 1.0
    left, wide, pitch = 340, 380, 20
    height = 60 + len(rows) * pitch + len(rows) // 2 * 6
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="12">',
        "<style>text{fill:#333}.range{stroke:#555}@media(prefers-color-scheme:dark){text{fill:#ddd}.range{stroke:#ccc}}</style>",
        f'<text x="10" y="18" font-size="14">{title}</text>',
    ]
    for place, ((name, threads, who), values) in enumerate(zip(rows, samples)):
        y = 34 + place * pitch + place // 2 * 6
        if who == WHO[0]:
            callers = f"{threads} caller{'s' if threads > 1 else ''}"
            svg.append(f'<text x="{left - 10}" y="{y + 22}" text-anchor="end">{name}, {callers}</text>')
        low, middle, high = (value / most * wide for value in (min(values), statistics.median(values), max(values)))
        svg.append(f'<rect x="{left}" y="{y}" width="{max(middle, 1):.1f}" height="16" fill="{COLOURS[who]}"/>')
        svg.append(f'<path class="range" d="M{left + low:.1f} {y + 8}H{left + high:.1f}"/>')
        svg.append(f'<text x="{left + max(high, 1) + 6:.1f}" y="{y + 12}">{statistics.median(values):,.{digits}f}</text>')
    for place, who in enumerate(WHO):
        x, y = left + place * 160, height - 14
        svg.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{COLOURS[who]}"/>')
        svg.append(f'<text x="{x + 18}" y="{y}">{NAMES[who]}</text>')
    return "\n".join([*svg, "</svg>", ""])


def plots(results: Results) -> dict[str, str]:
    return {
        "failed.svg": plot(results, "failed", f"Failed calls in the {WINDOW:.0f} s after a rotation", 0),
        "slowest.svg": plot(results, "slowest", "Slowest call after a rotation, seconds", 2),
    }


def page(results: Results) -> str:
    versions = results["versions"]
    listed = {who: ", ".join(f"{name} {version}" for name, version in versions[who].items()) for who in WHO}
    return "\n".join(
        [
            "# Compared with the official plug-in, in Python",
            "",
            "Written by `make compare COMPARE_PYTHON=python3.10`; do not edit. Median of the runs, and in brackets the least and the most of them.",
            "",
            f"- official plug-in: {listed['official']}",
            f"- kmsramcred: {listed['kmsramcred']}",
            f"- both: CPython {versions['python']}, {results['cpus']} processors, {results['runs']} runs (imports: more), "
            f"{results['date']}",
            "",
            "The official plug-in opens its configuration file in a mode that ended with Python 3.10, so both run there. Each run is",
            "a fresh process of [the same program](../tests/compare/program.py) with the same `managed_credentials_providers.properties`",
            "and an AccessKey, against one [emulator](emulator.md) on the same machine, and constructs its client with the same",
            "arguments; no other setting is changed. The official plug-in does not verify the certificate of KMS, kmsramcred does.",
            "",
            *first_table(results),
            "",
            "After a failed first attempt the official plug-in goes on for up to 10 minutes, so its error with KMS down is only known to",
            "come later than the time looked at. The emulator's OSS, told a length, waits for that much body; a retried call that",
            "sends none ends by the timeout that the program sets.",
            "",
            "## One rotation under load",
            "",
            f"The key is rotated once in each process, and calls are counted for {WINDOW:.0f} seconds. Callers are threads that pause",
            " or ".join(f"{int(pause * 1000)} ms ({threads})" for threads, pause in PAUSES.items())
            + " after each call. \"Calls\" and \"Failed\" are what the program sees; a last failure close to the end of the time means",
            "that it had not recovered. The official plug-in refreshes a refused key at most 5 times at once and then once in 10 minutes.",
            "",
            *rotation_table(results),
            "",
            "![failed calls](comparison/failed.svg)",
            "",
            "![slowest call](comparison/slowest.svg)",
            "",
            "## Where kmsramcred is worse",
            "",
            *worse(results),
            "",
            "A call that is refused because services lag waits, up to `call_budget_milliseconds`, in place of failing: fewer failures",
            "are paid for with a longer call. Where KMS still serves the key that is refused, the error is passed on, and KMS is asked",
            "again only after a pause: a single caller meets more errors than with the official plug-in, which asks at each of its first",
            "five; many callers use these five up at once. Failed calls are counted as they come: one with the official plug-in takes 0.2 s, one",
            "here a few milliseconds, so a caller meets more of them in the same time. \"Last failure after\" does not depend on that.",
            "",
            "## What is not compared",
            "",
            "Java and Go (its plug-in and the cache below it) are not part of this run, nor are settings with several regions, dedicated instances and ClientKeys.",
            "",
        ]
    )
