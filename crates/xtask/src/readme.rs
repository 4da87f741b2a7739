//! What the documents promise: files they link to, `make` targets they name.

use crate::tree;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

/// Reads every document.
pub fn run(root: &Path) -> Result<String> {
    let mut complaints = Vec::new();
    let (mut links, mut commands) = (0, 0);
    let documents: Vec<_> =
        tree::files(root)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "md")).collect();
    let targets = targets(&tree::read(&root.join("Makefile")).unwrap_or_default());
    for document in &documents {
        let text = tree::read(&root.join(document))?;
        let shown = document.display();
        let folder = root.join(document);
        let folder = folder.parent().unwrap_or(root);
        for link in relative_links(&text) {
            links += 1;
            if !folder.join(&link).exists() {
                complaints.push(format!("{shown}: {link} does not exist"));
            }
        }
        for target in make_targets(&text) {
            commands += 1;
            if !targets.contains(&target) {
                complaints.push(format!("{shown}: the Makefile has no target {target}"));
            }
        }
    }
    tree::verdict(complaints, format!("{} documents, {links} links, {commands} make commands", documents.len()))
}

/// The targets of `[text](target)` that are paths, without their anchors.
fn relative_links(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| {
        let link = rest.split(')').next()?.split('#').next()?.split_whitespace().next()?;
        let elsewhere = link.contains("://") || link.starts_with("mailto:");
        (!elsewhere && !link.is_empty()).then(|| link.to_owned())
    });
    links.collect()
}

/// The words after `make` in code: in backticks, or at the start of a line of a code block.
fn make_targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let code: Vec<&str> = if in_block {
            vec![line.trim_start().trim_start_matches("$ ")]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for command in code.iter().filter_map(|code| code.strip_prefix("make ")) {
            let words = command.split('#').next().unwrap_or_default().split_whitespace();
            let words = words.take_while(|word| !["&&", "||", ";", "|"].contains(word));
            found.extend(words.filter(|word| !word.starts_with('-') && !word.contains('=')).map(str::to_owned));
        }
    }
    found
}

fn targets(makefile: &str) -> BTreeSet<String> {
    let rules = makefile.lines().filter(|line| !line.starts_with(['\t', '#', ' ', '.']));
    let names = rules.filter_map(|line| line.split_once(':')).filter(|(_, rest)| !rest.starts_with('='));
    names.flat_map(|(names, _)| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_addresses() {
        let text = "[a](docs/a.md#part) [b](https://example.com/x) [c](#here) ![d](d.png \"D\")";
        assert_eq!(relative_links(text), ["docs/a.md", "d.png"]);
    }

    #[test]
    fn make_is_read_in_code_only() {
        let text = "To make tea:\n\n```\nmake test -j2 V=1  # all\n$ make demo && echo done\n```\nor `make check`.";
        assert_eq!(make_targets(text), ["test", "demo", "check"]);
    }

    #[test]
    fn targets_are_not_variables() {
        let names = targets("X := 1\nall: test\n\ttest: no\ntest demo: a b\n.PHONY: all\n");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["all", "demo", "test"]);
    }
}
