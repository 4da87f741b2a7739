"""The page in the repository is one that the command writes: its text, rows and columns, not its figures."""

from __future__ import annotations

import re
from typing import Any

import report
from languages import LANGUAGES, NONE, REPOSITORY, WHO
from scenarios import ROTATIONS, Scenarios

DOCS = REPOSITORY / "docs"
#: Cells at the beginning of a row that say what it is.
LABELS = {3: 1, len(report.ROTATION_COLUMNS): 3}


def made_up(ours: float = 1.0) -> dict[str, Any]:
    """Samples of every step that there is."""
    names = [figure for _, _, figure, _ in report.ROWS] + [figure for figure, _ in report.ROTATION_FIGURES] + ["ok"]

    def samples(value: float) -> list[dict[str, Any]]:
        return [{**dict.fromkeys(names, value), "error": None, "whole": True}]

    made: dict[str, Any] = {}
    for key, language in LANGUAGES.items():
        steps = {
            step.name: {who: samples(ours if who == "kmsramcred" else 1.0) for who in step.who}
            for step in Scenarios(language, None, 1).steps()  # type: ignore[arg-type]
        }
        if "imports" in steps:
            for sample in [*steps["first call"]["official"], *steps["first call"]["kmsramcred"]]:
                del sample["mebibytes"]
        made[key] = {"platform": "1", "versions": {who: {who: "1"} for who in WHO}, "runs": 1, "date": "2026-01-01", "steps": steps}
    return {"cpus": 1, "left_out": dict(NONE), "languages": made}


def neutral(line: str) -> str:
    return "N processors" if re.match(r"\d+ processors", line) else line


def structure(page: str) -> list[str]:
    found = []
    for line in page.splitlines():
        cells = line.strip("|").split("|")
        if line.startswith("| "):
            found.append("|".join([*cells[: LABELS[len(cells)]], str(len(cells))]))
        elif not line.startswith("- "):
            found.append(neutral(line))
    return found


def labels(svg: str) -> list[str]:
    return [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg) if not re.fullmatch(r"[\d.,]+", text)]


def test_the_page_has_the_structure_that_the_command_writes() -> None:
    page = (DOCS / "comparison.md").read_text()
    assert structure(page) == structure(report.page(made_up())), "run `make compare`"
    for language in LANGUAGES.values():
        assert f"## {language.name}" in page.splitlines()
    for why in NONE.values():
        assert f"- {why}" in page.splitlines()


def test_the_plots_have_the_labels_that_the_command_writes() -> None:
    for file, svg in report.plots(made_up()).items():
        assert labels((DOCS / "comparison" / file).read_text()) == labels(svg), f"{file}: run `make compare`"


def test_every_figure_that_is_worse_is_listed() -> None:
    for key in LANGUAGES:
        same, double, half = (report.of_language(made_up(ours), key) for ours in (1.0, 2.0, 0.5))
        assert report.worse(same) == ["- none of the medians"]
        rotations = len(ROTATIONS) * 2 * (len(report.ROTATION_FIGURES) - 1)
        assert len(report.worse(double)) == len(report.rows(double)) + rotations
        forks = [f"- {report.FORK_ROW}: 0 against 1"] if "fork" in half["steps"] else ["- none of the medians"]
        assert report.worse(half) == forks


def test_a_client_that_nobody_refreshes_is_shown_where_the_key_dies_at_once() -> None:
    rows = report.rotation_rows(report.of_language(made_up(), "go"))
    assert {name for name, _, who in rows if who == "alone"} == {"the old key dies at once"}


def test_runs_that_differ_show_their_range() -> None:
    assert report.spread([1.0, 1.0, 1.0], 1) == "1.0"
    assert report.spread([3.0, 1.0, 2000.0], 0) == "3 (1 to 2,000)"


def test_the_readme_shows_rows_of_the_page() -> None:
    page = (DOCS / "comparison.md").read_text().splitlines()
    readme = (REPOSITORY / "README.md").read_text()
    _, rest = readme.split("## Beside the official plug-in\n")
    shown = [line for line in rest.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(shown) > 4
    assert [line for line in shown if line not in page] == [], "README.md shows other figures: copy them from docs/comparison.md"
