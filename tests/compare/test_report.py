"""The page in the repository is one that the command writes: its text, rows and columns, not its figures."""

from __future__ import annotations

import re
from typing import Any

import report
from scenarios import ROTATIONS, Scenarios
from stage import REPOSITORY, WHO

DOCS = REPOSITORY / "docs"
#: Cells at the beginning of a row that say what it is.
LABELS = {len(report.COLUMNS): 1, len(report.ROTATION_COLUMNS): 3}


def made_up(ours: float = 1.0) -> dict[str, Any]:
    """Samples of every step that there is."""
    names = [figure for _, _, figure, _ in report.ROWS] + [figure for figure, _ in report.ROTATION_FIGURES] + ["ok"]

    def samples(value: float) -> list[dict[str, Any]]:
        return [{**dict.fromkeys(names, value), "error": None, "whole": True}]

    steps = {name: {"official": samples(1.0), "kmsramcred": samples(ours)} for name, _ in Scenarios(None, 1).steps()}  # type: ignore[arg-type]
    versions = {**{who: {who: "1"} for who in WHO}, "python": "3.10"}
    return {"versions": versions, "runs": 1, "cpus": 1, "date": "2026-01-01", "steps": steps}


def structure(page: str) -> list[str]:
    found = []
    for line in page.splitlines():
        cells = line.strip("|").split("|")
        if line.startswith("| "):
            found.append("|".join([*cells[: LABELS[len(cells)]], str(len(cells))]))
        elif not line.startswith("- "):
            found.append(line)
    return found


def labels(svg: str) -> list[str]:
    return [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg) if not re.fullmatch(r"[\d.,]+", text)]


def test_the_page_has_the_structure_that_the_command_writes() -> None:
    page = (DOCS / "comparison.md").read_text()
    assert structure(page) == structure(report.page(made_up())), "run `make compare`"
    heads = [line for line in page.splitlines() if line in (report.row(report.COLUMNS), report.row(report.ROTATION_COLUMNS))]
    assert len(heads) == 2


def test_the_plots_have_the_labels_that_the_command_writes() -> None:
    for file, svg in report.plots(made_up()).items():
        assert labels((DOCS / "comparison" / file).read_text()) == labels(svg), f"{file}: run `make compare`"


def test_every_figure_that_is_worse_is_listed() -> None:
    assert report.worse(made_up(1.0)) == ["- none of the medians"]
    rotations = len(ROTATIONS) * 2 * (len(report.ROTATION_FIGURES) - 1)
    assert len(report.worse(made_up(2.0))) == len(report.ROWS) + rotations
    assert report.worse(made_up(0.5)) == [f"- {report.FORK_ROW}: 0 against 1"]


def test_runs_that_differ_show_their_range() -> None:
    assert report.spread([1.0, 1.0, 1.0], 1) == "1.0"
    assert report.spread([3.0, 1.0, 2000.0], 0) == "3 (1 to 2,000)"
