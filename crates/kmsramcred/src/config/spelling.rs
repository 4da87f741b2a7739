//! Stage 1 of 8: which name was probably meant.
//!
//! In goes a misspelt name and the names that exist, out comes the nearest of them. Knows no values and no sockets.

/// The nearest of `known`, if any is near enough to be worth saying.
pub(super) fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_ascii_lowercase();
    if found.is_empty() || found.len() > 64 {
        return None;
    }
    let enough = (found.len() / 3).clamp(1, 5);
    known
        .map(|name| (distance(found.as_bytes(), name.to_ascii_lowercase().as_bytes()), name))
        .filter(|(distance, _)| *distance <= enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to make `a` into `b`.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, from) in a.iter().enumerate() {
        let mut diagonal = above[0];
        above[0] = row + 1;
        for (column, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = above[column + 1];
            above[column + 1] = change.min(diagonal + 1).min(above[column] + 1);
        }
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = || ["credentials_type", "signature", "vpc"].into_iter();
        assert_eq!(nearest("credential_typ", known()), Some("credentials_type"));
        assert_eq!(nearest("CREDENTIALS_TYPE", known()), Some("credentials_type"));
        assert_eq!(nearest("Signatur", known()), Some("signature"));
        assert_eq!(nearest("something_else", known()), None);
        assert_eq!(nearest("", known()), None);
        assert_eq!(nearest(&"x".repeat(1000), known()), None);
    }

    #[test]
    fn distances_are_counted_in_letters() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b""), 3);
    }
}
