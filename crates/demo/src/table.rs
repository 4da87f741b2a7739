//! The table at the end, and what it means.

use crate::act::Act;
use crate::performance::{Part, Performance};
use crate::program::THREADS;
use std::fmt::Write;

/// A column: two lines of heading, and what it says of a part.
type Column = (&'static str, &'static str, fn(&Part) -> String);

const COLUMNS: [Column; 9] = [
    ("", "program", |part| part.program.to_owned()),
    ("", "calls", |part| part.report.calls.to_string()),
    ("", "failed", |part| part.report.failed.to_string()),
    ("refused,", "healed", |part| part.report.healed.to_string()),
    ("", "rotations", |part| part.rotations.to_string()),
    ("KMS", "requests", |part| part.kms_requests.to_string()),
    ("of these", "in vain", |part| part.unanswered.to_string()),
    ("slowest call", "at a rotation", |part| format!("{} ms", part.report.slowest_at_rotation_ms)),
    ("slowest", "of all", |part| format!("{} ms", part.report.slowest_ms)),
];

const NOTES: &str = "\
failed          calls whose error the application saw
refused,healed  calls that were refused at least once for their key, and succeeded all the same;
                counted by the program, which sees how often each of its calls was signed
KMS requests    GetSecretValue for the program's secret, counted by the emulator; in vain:
                answered with a reset, as every request is while KMS is down
at a rotation   calls that were refused at first, or were their thread's first with another key
";

/// The whole text: figures, sentences, notes.
pub(crate) fn of(acts: &[Act], performances: &[Performance]) -> String {
    let mut text = String::from("\n");
    let widths = widths(performances);
    let upper = COLUMNS.map(|column| column.0.to_owned());
    let lower = COLUMNS.map(|column| column.1.to_owned());
    text += &row(&upper, &widths);
    text += &row(&lower, &widths);
    for (number, (act, performance)) in (1..).zip(acts.iter().zip(performances)) {
        let _ = writeln!(text, "\n{number}. {}", act.title);
        for part in &performance.parts {
            text += &row(&COLUMNS.map(|column| column.2(part)), &widths);
        }
    }
    text.push('\n');
    for (number, (act, performance)) in (1..).zip(acts.iter().zip(performances)) {
        let objections: Vec<_> = performance.objections().collect();
        let _ = match objections.is_empty() {
            true => writeln!(text, "{number}. {}", (act.moral)(performance)),
            false => writeln!(text, "{number}. WENT WRONG. {}", objections.join("; ")),
        };
    }
    let _ = writeln!(text, "\nEach program calls a service of its own from {THREADS} threads.\n\n{NOTES}");
    text
}

fn widths(performances: &[Performance]) -> [usize; COLUMNS.len()] {
    let parts = || performances.iter().flat_map(|performance| &performance.parts);
    COLUMNS.map(|(upper, lower, cell)| {
        parts().map(|part| cell(part).len()).chain([upper.len(), lower.len()]).max().unwrap_or(0)
    })
}

/// The first cell to the left, figures to the right.
fn row(cells: &[String; COLUMNS.len()], widths: &[usize; COLUMNS.len()]) -> String {
    let mut line = format!("   {:<1$}", cells[0], widths[0]);
    for (cell, width) in cells.iter().zip(widths).skip(1) {
        let _ = write!(line, "  {cell:>width$}");
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act;
    use crate::program::Report;

    fn part(objection: Option<&str>) -> Part {
        let report =
            Report { calls: 123_456, failed: 0, healed: 12_345, slowest_ms: 12_345, slowest_at_rotation_ms: 12_345 };
        let objection = objection.map(str::to_owned);
        Part { program: "Python", report, rotations: 12, kms_requests: 1234, unanswered: 1234, objection }
    }

    fn shown(objection: Option<&str>) -> String {
        let performances: Vec<_> = (0..4).map(|_| Performance { parts: vec![part(None), part(objection)] }).collect();
        of(&act::all(), &performances)
    }

    #[test]
    fn the_table_fits_into_a_hundred_columns() {
        let figures = shown(None);
        for line in figures.lines() {
            assert!(line.len() <= 100, "{line}");
        }
    }

    #[test]
    fn what_went_wrong_stands_in_place_of_the_moral() {
        let text = shown(Some("2 of 3 calls failed"));
        assert_eq!(text.matches("WENT WRONG. Python: 2 of 3 calls failed").count(), 4, "{text}");
    }
}
