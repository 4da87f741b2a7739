//! The plots: one panel for each program, over the time of the schedule.

use crate::record::{Look, Record};
use crate::run::Run;
use crate::schedule::What;
use kmsramcred_chart::{Anchor, Drawing, count, time};

/// A plot: its file, its title, and what it shows of a look.
type Plot = (&'static str, &'static str, fn(&Look) -> u64);

/// All of them.
pub const ALL: [Plot; 4] = [
    ("latency.svg", "The slowest call since the look before, ms", |look| look.slowest_ms),
    ("memory.svg", "Memory (RSS), KiB", |look| look.reading.rss_kib),
    ("threads.svg", "Threads", |look| look.reading.threads),
    ("descriptors.svg", "Descriptors", |look| look.reading.descriptors),
];

const LEFT: f64 = 80.0;
const WIDTH: f64 = 700.0;
const TOP: f64 = 44.0;
const HEIGHT: f64 = 76.0;
const PITCH: f64 = 96.0;
const COLOURS: [&str; 5] = ["#c2571a", "#2a9d5c", "#2f7fc1", "#a8802a", "#8a6fd0"];
const WRONG: &str = "#888888";
const EXCUSED: &str = "#d0453a";
/// More points than this are put together.
const POINTS: usize = 700;

/// Draws one.
#[expect(clippy::cast_precision_loss, reason = "pixels")]
pub fn draw((_, title, of): Plot, run: &Run, length_ms: u64) -> String {
    let bottom = TOP + PITCH * run.records.len() as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "five panels")]
    let mut drawing = Drawing::new(800, bottom as u32 + 44);
    drawing.text((LEFT, 18.0), Anchor::Start, title);
    let x = |ms: u64| LEFT + WIDTH * (ms.min(length_ms) as f64 / length_ms.max(1) as f64);
    for (number, (record, colour)) in run.records.iter().zip(COLOURS).enumerate() {
        let top = TOP + PITCH * number as f64;
        disturbances(&mut drawing, run, &x, top);
        panel(&mut drawing, record, of, colour, &x, top);
    }
    for part in 0..=4 {
        let at = length_ms * part / 4;
        drawing.text((x(at), bottom), if part < 4 { Anchor::Middle } else { Anchor::End }, &time(at));
    }
    let y = bottom + 30.0;
    drawing.area((LEFT, y - 10.0), (12.0, 12.0), WRONG, 0.3);
    drawing.text((LEFT + 18.0, y), Anchor::Start, "a fault or a lag");
    drawing.area((LEFT + 160.0, y - 10.0), (12.0, 12.0), EXCUSED, 0.3);
    drawing.text((LEFT + 178.0, y), Anchor::Start, "a fault in which calls may fail");
    drawing.axis([(LEFT + 400.0, y - 10.0), (LEFT + 400.0, y)]);
    drawing.text((LEFT + 410.0, y), Anchor::Start, "a rotation");
    drawing.finish()
}

/// What was wrong with the cloud, behind the line of a panel.
fn disturbances(drawing: &mut Drawing, run: &Run, x: &impl Fn(u64) -> f64, top: f64) {
    for trouble in &run.schedule.troubles {
        let colour = if trouble.excuse.is_some() { EXCUSED } else { WRONG };
        let (from, until) = (x(trouble.from_ms), x(trouble.until_ms));
        drawing.area((from, top), ((until - from).max(0.5), HEIGHT), colour, 0.3);
    }
    let rotations = run.schedule.events.iter().filter(|event| matches!(event.what, What::Rotate(_)));
    for rotation in rotations {
        let at = x(rotation.at_ms);
        drawing.axis([(at, top + HEIGHT - 8.0), (at, top + HEIGHT)]);
    }
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn panel(
    drawing: &mut Drawing,
    record: &Record,
    of: fn(&Look) -> u64,
    colour: &str,
    x: &impl Fn(u64) -> f64,
    top: f64,
) {
    let values = || record.looks.iter().map(of);
    let (low, high) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
    let range = (high - low).max(1) as f64;
    let y = |value: u64| top + HEIGHT - 4.0 - (HEIGHT - 8.0) * ((value - low) as f64 / range);
    drawing.axis([(LEFT, top), (LEFT, top + HEIGHT), (LEFT + WIDTH, top + HEIGHT)]);
    drawing.text((LEFT - 6.0, y(low)), Anchor::End, &count(low));
    if high > low {
        drawing.text((LEFT - 6.0, y(high) + 8.0), Anchor::End, &count(high));
    }
    let at_once = record.looks.len().div_ceil(POINTS).max(1);
    let points = record
        .looks
        .chunks(at_once)
        .filter_map(|looks| Some((x(looks.first()?.until_ms), y(looks.iter().map(of).max()?))));
    drawing.line(colour, points);
    drawing.text((LEFT, top - 4.0), Anchor::Start, &record.language);
}
