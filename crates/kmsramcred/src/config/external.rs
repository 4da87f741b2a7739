//! Stage 1 of 8: the program that a profile of mode `External` names.
//!
//! In goes the text of `process_command`, out come its words, split as the official tools do it: no shell, no
//! variables, no `~`. Blanks separate; `'…'` is taken as it stands; in `"…"` a `\` stands before `"`, `\`, `$` and `` `
//! `` only; elsewhere it takes the next character as it stands. Runs nothing, shows nothing of a command; knows no
//! sockets.

use super::chain::Surroundings;
use super::keys;
use super::source_settings::SourceSettings;
use crate::secret_text::SecretText;
use zeroize::Zeroize;

/// Set for a program that is run for an identity, so that one which leads back to this library does not go around for
/// ever.
pub const EXTERNAL_MARKER: &str = "KMSRAMCRED_IN_EXTERNAL";

/// The key that allows programs to be run.
pub(super) const ALLOW: &str = "allow_external_process";

/// The source that runs `command`; `place` says whose program it is.
pub(super) fn read(at: &Surroundings, command: &str, place: String) -> Result<SourceSettings, String> {
    if !at.runs_programs {
        let variable = keys::find(ALLOW).and_then(keys::Key::variable).unwrap_or_default();
        return Err(format!(
            "its mode is External, and its program is run only where {ALLOW} (in the environment {variable}) is true"
        ));
    }
    if at.is_set(EXTERNAL_MARKER) {
        return Err(format!(
            "its mode is External, and {EXTERNAL_MARKER} is set: this program is itself run by such a profile, and \
             would go around for ever"
        ));
    }
    let words = words(command).map_err(|what| format!("its process_command {what}"))?;
    Ok(SourceSettings::External { words, place })
}

/// The words of a command; the first one is not empty.
fn words(command: &str) -> Result<Vec<SecretText>, &'static str> {
    let mut words = Vec::new();
    let mut rest = command.chars().peekable();
    if rest.clone().any(|c| c == '\0') {
        return Err("holds a NUL character");
    }
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            break;
        }
        // As long as the command: no growing leaves a copy behind.
        let mut word = String::with_capacity(command.len());
        let read = next_word(&mut rest, &mut word);
        words.push(SecretText::from(word.as_str()));
        word.zeroize();
        read?;
    }
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err("names no program"),
    }
}

fn next_word(rest: &mut std::iter::Peekable<std::str::Chars>, word: &mut String) -> Result<(), &'static str> {
    const OPEN: &str = "has a quote that is not closed";
    while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
        match c {
            '\'' => loop {
                match rest.next().ok_or(OPEN)? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match rest.next().ok_or(OPEN)? {
                    '"' => break,
                    '\\' => word.push(rest.next_if(|c| "\"\\$`".contains(*c)).unwrap_or('\\')),
                    c => word.push(c),
                }
            },
            '\\' => word.push(rest.next().ok_or("ends with a backslash")?),
            c => word.push(c),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(command: &str) -> Result<Vec<String>, &'static str> {
        words(command).map(|words| words.iter().map(|word| word.expose().to_owned()).collect())
    }

    #[test]
    fn words_are_those_of_the_official_tools() {
        for (command, expected) in [
            ("tool", &["tool"][..]),
            (" \ttool  a\nb ", &["tool", "a", "b"]),
            ("'/opt/my tools/t' --name 'a \"b\" \\c'", &["/opt/my tools/t", "--name", "a \"b\" \\c"]),
            (r#"tool "a b" "say \"hi\"" "\\ \$ \` \n""#, &["tool", "a b", "say \"hi\"", r"\ $ ` \n"]),
            (r"tool a\ b \'c\' \\", &["tool", "a b", "'c'", r"\"]),
            (r#"tool '' "" x''y"z z"w"#, &["tool", "", "", "xyz zw"]),
            ("tool #1 $HOME ~ * a;b|c >d `e`", &["tool", "#1", "$HOME", "~", "*", "a;b|c", ">d", "`e`"]),
            ("tööl 'ä ö'", &["tööl", "ä ö"]),
        ] {
            assert_eq!(split(command).unwrap(), expected, "{command}");
        }
    }

    #[test]
    fn what_is_no_command_is_told_without_showing_it() {
        for (command, said) in [
            ("", "names no program"),
            (" \n", "names no program"),
            ("'' hunter2", "names no program"),
            ("'hunter2", "not closed"),
            ("tool \"hunter2", "not closed"),
            ("tool \"hunter2\\", "not closed"),
            ("hunter2\\", "backslash"),
            ("tool \0hunter2", "NUL"),
        ] {
            let what = split(command).unwrap_err();
            assert!(what.contains(said) && !what.contains("hunter2"), "{what}");
        }
    }
}
