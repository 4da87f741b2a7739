//! The table and the plots.

use crate::cloud::QUOTA;
use crate::official::Official;
use crate::ours::Ours;
use crate::simulation::{Progress, Scenario, Tally, peak, run, sums};
use kmsramcred_chart::{Anchor, Drawing, count, time};

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// kmsramcred.
    Ours,
    /// The official plug-in for Java.
    Java,
    /// The official plug-in for Python.
    Python,
}

impl Rules {
    /// All of them.
    pub const ALL: [Rules; 3] = [Rules::Ours, Rules::Java, Rules::Python];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Rules::Ours => "kmsramcred",
            Rules::Java => "official, Java",
            Rules::Python => "official, Python",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Rules::Ours => "#2a9d5c",
            Rules::Java => "#d9822b",
            Rules::Python => "#7a6fd0",
        }
    }

    /// Runs a scenario under these rules.
    pub fn run(self, scenario: Scenario, clients: usize, progress: &Progress<'_>) -> Tally {
        match self {
            Rules::Ours => run::<Ours>(scenario, clients, progress),
            Rules::Java => run::<Official<true>>(scenario, clients, progress),
            Rules::Python => run::<Official<false>>(scenario, clients, progress),
        }
    }
}

/// The head of the table.
pub const HEAD: &str = "| Clients | Scenario | Rules | Peak, requests/s | Requests | Refused by the quota | Peak at STS \
                        | Failed calls | Half hold it after | All hold it after |\n\
                        |---|---|---|---|---|---|---|---|---|---|\n";

/// One line of the table.
pub fn row(scenario: Scenario, rules: Rules, tally: &Tally) -> String {
    let (asked, refused) = sums(&tally.seconds);
    let all = match tally.last {
        Some(last) => time(last),
        None => {
            let why = tally.stopped.map_or_else(|| "never".to_owned(), |at| format!("stopped after {}", time(at)));
            format!("{why}: {} hold it", count(tally.hold as u64))
        }
    };
    let half = tally.half.map_or_else(|| "–".to_owned(), time);
    let cells = [
        count(tally.clients as u64),
        scenario.words().to_owned(),
        rules.words().to_owned(),
        count(peak(&tally.seconds).into()),
        count(asked),
        count(refused),
        if tally.sts.is_empty() { "–".to_owned() } else { count(peak(&tally.sts).into()) },
        count(tally.failed_calls),
        half,
        all,
    ];
    format!("| {} |\n", cells.join(" | "))
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;

/// Requests a second over time for each of the rules, on a logarithmic scale.
#[expect(clippy::cast_precision_loss, reason = "pixels")]
pub fn plot(scenario: Scenario, tallies: &[(Rules, &Tally)]) -> String {
    let clients = tallies.first().map_or(0, |(_, tally)| tally.clients);
    let longest = tallies.iter().map(|(_, tally)| tally.seconds.len()).max().unwrap_or(1).clamp(1, 3 * 3_600);
    let peak = tallies.iter().map(|(_, tally)| peak(&tally.seconds)).max().unwrap_or(1).max(QUOTA * 2);
    let top = f64::from(peak + 1).ln();
    let y = |asked: u32| 40.0 + HEIGHT * (1.0 - f64::from(asked + 1).ln() / top);
    let x = |second: usize| 60.0 + WIDTH * second as f64 / longest as f64;
    let mut drawing = Drawing::new(800, 310);
    let title = format!("{} clients, {}: requests a second", count(clients as u64), scenario.words());
    drawing.text((60.0, 16.0), Anchor::Start, &title);
    drawing.axis([(60.0, 40.0), (60.0, 260.0), (780.0, 260.0)]);
    for level in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|level| *level <= peak) {
        drawing.text((54.0, y(level) + 4.0), Anchor::End, &count(level.into()));
    }
    let quota = y(QUOTA);
    drawing.dashes([(60.0, quota), (780.0, quota)]);
    drawing.text((778.0, quota - 4.0), Anchor::End, &format!("quota {QUOTA}"));
    for part in 0..=4 {
        let at = longest * part / 4;
        let anchor = if part < 4 { Anchor::Middle } else { Anchor::End };
        drawing.text((x(at), 278.0), anchor, &time(at as u64 * 1_000));
    }
    let step = longest.div_ceil(720);
    for (index, (rules, tally)) in tallies.iter().enumerate() {
        let shown = &tally.seconds[..tally.seconds.len().min(longest)];
        let points = shown.chunks(step).enumerate().map(|(nth, bucket)| {
            let most = bucket.iter().map(|second| second.asked).max().unwrap_or_default();
            (x(nth * step), y(most))
        });
        drawing.line(rules.colour(), points);
        drawing.legend((60.0 + 180.0 * index as f64, 300.0), rules.colour(), rules.words());
    }
    drawing.finish()
}
