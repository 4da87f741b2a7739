//! The table and the plots.

use crate::cloud::QUOTA;
use crate::official::Official;
use crate::ours::Ours;
use crate::simulation::{Progress, Scenario, Tally, peak, run, sums};
use std::fmt::Write;

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

/// With a comma between thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A length of time.
pub fn time(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds}.{} s", ms % 1_000 / 100),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;

/// Requests a second over time for each of the rules, on a logarithmic scale. Colours are readable on light and dark.
#[expect(clippy::cast_precision_loss, reason = "pixels")]
pub fn plot(scenario: Scenario, tallies: &[(Rules, &Tally)]) -> String {
    let clients = tallies.first().map_or(0, |(_, tally)| tally.clients);
    let longest = tallies.iter().map(|(_, tally)| tally.seconds.len()).max().unwrap_or(1).clamp(1, 3 * 3_600);
    let peak = tallies.iter().map(|(_, tally)| peak(&tally.seconds)).max().unwrap_or(1).max(QUOTA * 2);
    let top = f64::from(peak + 1).ln();
    let y = |asked: u32| 40.0 + HEIGHT * (1.0 - f64::from(asked + 1).ln() / top);
    let x = |second: usize| 60.0 + WIDTH * second as f64 / longest as f64;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 310\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>text{fill:#333}.axis{stroke:#888;fill:none}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n",
    );
    let title = format!("{} clients, {}: requests a second", count(clients as u64), scenario.words());
    let _ = writeln!(svg, "<text x=\"60\" y=\"16\">{title}</text>\n<path class=\"axis\" d=\"M60 40V260H780\"/>");
    for level in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|level| *level <= peak) {
        let _ = writeln!(
            svg,
            "<text x=\"54\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y(level) + 4.0,
            count(level.into())
        );
    }
    let quota = y(QUOTA);
    let _ = writeln!(svg, "<path class=\"axis\" stroke-dasharray=\"4 4\" d=\"M60 {quota:.1}H780\"/>");
    let _ = writeln!(svg, "<text x=\"778\" y=\"{:.1}\" text-anchor=\"end\">quota {QUOTA}</text>", quota - 4.0);
    for part in 0..=4 {
        let at = longest * part / 4;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"278\" text-anchor=\"middle\">{}</text>",
            x(at),
            time(at as u64 * 1_000)
        );
    }
    let step = longest.div_ceil(720);
    for (index, (rules, tally)) in tallies.iter().enumerate() {
        let mut line = String::new();
        let shown = &tally.seconds[..tally.seconds.len().min(longest)];
        for (nth, bucket) in shown.chunks(step).enumerate() {
            let most = bucket.iter().map(|second| second.asked).max().unwrap_or_default();
            let _ = write!(line, "{}{:.1} {:.1}", if nth == 0 { "M" } else { "L" }, x(nth * step), y(most));
        }
        let colour = rules.colour();
        let _ = writeln!(svg, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" d=\"{line}\"/>");
        let left = 60 + 180 * index;
        let _ = writeln!(svg, "<rect x=\"{left}\" y=\"290\" width=\"12\" height=\"12\" fill=\"{colour}\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"300\">{}</text>", left + 18, rules.words());
    }
    svg.push_str("</svg>\n");
    svg
}
