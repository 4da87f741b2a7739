//! The table of docs/wrong-settings.md, made of the rows of the story that every language is told.

use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

const STORY: &str = "tests/conformance/scenarios/wrong-settings.json";
const PAGE: &str = "docs/wrong-settings.md";
const BEGIN: &str = "<!-- `cargo xtask wrong-settings` writes this table. -->\n\n";
const END: &str = "\n<!-- The end of what is written. -->";

/// What stands for the places of a test.
const SHOWN: [(&str, &str); 3] =
    [("{dir}", "/etc/app"), ("{kms}", "kms.cn-hangzhou.aliyuncs.com"), ("{sts}", "sts.cn-hangzhou.aliyuncs.com")];

/// Writes the table; with `check` only compares it.
pub fn run(root: &Path, check: bool) -> Result<String> {
    let story: Value = serde_json::from_str(&tree::read(&root.join(STORY))?).context(STORY)?;
    let rows = story["rows"].as_array().with_context(|| format!("{STORY} has no rows"))?;
    let table = table(rows)?;
    let page = tree::read(&root.join(PAGE))?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{PAGE} has no {BEGIN:?}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no {END:?}"))?;
    let wanted = format!("{before}{BEGIN}{table}{END}{after}");
    let said = format!("{} wrong settings", rows.len());
    if wanted == page {
        return Ok(format!("{said}, as documented"));
    }
    if check {
        bail!("{PAGE} is not what {STORY} says: run `cargo xtask wrong-settings`");
    }
    std::fs::write(root.join(PAGE), wanted).with_context(|| format!("cannot write {PAGE}"))?;
    Ok(format!("{said} written to {PAGE}"))
}

fn table(rows: &[Value]) -> Result<String> {
    let mut table = "| what is wrong | comes | status | code | the message says | advice |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let line = line(row).with_context(|| format!("{STORY}: {}", row["name"]))?;
        table.push_str(&format!("| {} |\n", line.join(" | ")));
    }
    Ok(table)
}

fn line(row: &Value) -> Result<[String; 6]> {
    let text = |key: &str| row[key].as_str().with_context(|| format!("{key} is no text"));
    let comes = match text("to")? {
        "open" => "when the client is made",
        "acquire" => "at the first fetch",
        other => bail!("nobody makes the command {other:?}"),
    };
    let (number, name) = text("fails")?.split_once(' ').context("fails is no number and name")?;
    let code = row["code"].as_str().map(|code| format!("`{code}`")).unwrap_or_default();
    let says = row["says"].as_array().context("says is no list")?;
    let says =
        says.iter().map(|part| part.as_str().context("a part of says is no text")).collect::<Result<Vec<_>>>()?;
    let mut message = says.iter().map(|part| part.trim()).collect::<Vec<_>>().join(" … ");
    if !message.ends_with('.') {
        message.push_str(" …");
    }
    for (name, shown) in SHOWN {
        message = message.replace(name, shown);
    }
    if message.contains('{') {
        bail!("nothing is shown for a name in {message:?}");
    }
    let status = format!("{number} `{}`", type_name(name));
    Ok([text("name")?.to_owned(), comes.to_owned(), status, code, escaped(&message), escaped(text("advice")?)])
}

/// `config_invalid` as Rust writes it.
fn type_name(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').filter(|word| !word.is_empty()).map(capital).collect()
}

/// As a cell of a table shows it.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_becomes_a_line() {
        let row = json!({
            "name": "It is wrong", "to": "open", "fails": "101 config_invalid", "code": null,
            "says": ["a (line 1 of {dir}/x): found <y>", "allowed: z"], "advice": "Correct it."
        });
        let wanted = "| It is wrong | when the client is made | 101 `ConfigInvalid` |  | a (line 1 of /etc/app/x): \
                      found \\<y> … allowed: z … | Correct it. |\n";
        assert_eq!(table(&[row]).unwrap().lines().last(), wanted.lines().last());
        let unknown = json!({
            "name": "n", "to": "open", "fails": "1 x", "code": "C", "says": ["{service} says"], "advice": "a"
        });
        assert!(table(&[unknown]).is_err());
    }
}
