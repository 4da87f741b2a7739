//! `kmsramcred-fleet DOCS [CLIENTS ...]`: writes the table in DOCS/fleet.md between its marks, and DOCS/fleet/*.svg.

use anyhow::{Context, Result};
use kmsramcred_chart::{count, time};
use kmsramcred_fleet::report::{HEAD, Rules, plot, row};
use kmsramcred_fleet::simulation::Scenario;
use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const BEGIN: &str = "<!-- table: written by make fleet -->\n";
const END: &str = "<!-- end of the table -->\n";
/// How often a long simulation says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);
/// The size that is plotted.
const PLOTTED: usize = 100_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let docs = PathBuf::from(arguments.next().context("usage: kmsramcred-fleet DOCS [CLIENTS ...]")?);
    let mut sizes: Vec<usize> = arguments.map(|size| size.parse().context(size)).collect::<Result<_>>()?;
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000, 1_000_000];
    }
    let mut table = HEAD.to_owned();
    let mut out = std::io::stdout().lock();
    out.write_all(HEAD.as_bytes())?;
    for size in sizes {
        for scenario in Scenario::ALL {
            let mut tallies = Vec::new();
            for rules in Rules::ALL {
                let shown = Cell::new(Instant::now());
                let progress = |at, hold| {
                    if shown.get().elapsed() >= PROGRESS {
                        shown.set(Instant::now());
                        let (size, hold) = (count(size as u64), count(hold as u64));
                        let (scenario, rules, at) = (scenario.words(), rules.words(), time(at));
                        let line = format!("{size} clients, {scenario}, {rules}: after {at}, {hold} hold it\n");
                        // Nobody can be told that progress cannot be told.
                        let _ = std::io::stderr().write_all(line.as_bytes());
                    }
                };
                let tally = rules.run(scenario, size, &progress);
                let line = row(scenario, rules, &tally);
                out.write_all(line.as_bytes())?;
                out.flush()?;
                table.push_str(&line);
                tallies.push((rules, tally));
            }
            if size == PLOTTED {
                let shown: Vec<_> = tallies.iter().map(|(rules, tally)| (*rules, tally)).collect();
                let name = format!("{scenario:?}.svg").to_lowercase();
                fs::write(docs.join("fleet").join(name), plot(scenario, &shown))?;
            }
        }
    }
    let page = docs.join("fleet.md");
    let text = fs::read_to_string(&page).with_context(|| format!("{} cannot be read", page.display()))?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{} has no mark {BEGIN:?}", page.display()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{} has no mark {END:?}", page.display()))?;
    fs::write(&page, format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(())
}
