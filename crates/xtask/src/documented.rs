//! Whether every public item of the C and C++ headers is documented, read from the headers themselves.

use crate::tree;
use anyhow::Result;
use std::path::Path;

/// Reads every header below `include/`.
pub fn run(root: &Path) -> Result<String> {
    let mut complaints = Vec::new();
    let (mut headers, mut items) = (0, 0);
    for file in tree::files(root)? {
        let is_header = file.extension().is_some_and(|end| end == "h" || end == "hpp");
        if !file.starts_with("include") || !is_header {
            continue;
        }
        headers += 1;
        for item in public_items(&tree::read(&root.join(&file))?) {
            items += 1;
            let said = complain(&item);
            complaints.extend(said.map(|said| format!("{}:{}: {said}: {}", file.display(), item.line, item.code)));
        }
    }
    tree::verdict(complaints, format!("{headers} headers, {items} public items, all documented"))
}

/// A declaration that a program can use.
#[derive(Debug, PartialEq)]
struct Item {
    code: String,
    documentation: String,
    line: usize,
    /// Directly in a namespace, not in a class.
    is_free: bool,
}

fn complain(item: &Item) -> Option<&'static str> {
    let has = |line: &str| item.documentation.lines().any(|written| written.trim_start().starts_with(line));
    let code =
        item.code.strip_prefix("template").and_then(|rest| rest.split_once("> ")).map_or(&*item.code, |rest| rest.1);
    let is_class = ["class ", "struct "].iter().any(|word| code.starts_with(word));
    let is_function =
        item.code.contains('(') && !is_class && !code.starts_with("typedef") && !code.starts_with("#define");
    let gives = item.code.split('(').next().unwrap_or_default();
    let can_fail = is_function && (gives.contains("Result<") || item.code.contains("-> Result<"));
    if item.documentation.is_empty() {
        return Some("has no documentation");
    }
    if !item.documentation.trim_end().ends_with('.') {
        return Some("the documentation does not end with a full stop");
    }
    let needs_threads = item.is_free && (is_class || is_function);
    if needs_threads && !has("Threads:") {
        return Some("the documentation has no line that begins with Threads:");
    }
    (can_fail && !has("Errors:")).then_some("the documentation has no line that begins with Errors:")
}

#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Namespace,
    Public,
    Private,
    Enumeration,
    Hidden,
}

/// Walks through a header: comments, directives, and statements up to `;`, `{`, `}` or, between enumerators, a comma.
fn public_items(text: &str) -> Vec<Item> {
    let mut reader = Reader { scopes: vec![Scope::Namespace], ..Reader::default() };
    let (mut rest, mut line) = (text, 1);
    while let Some(next) = rest.chars().next() {
        let token = if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            reader.comment(&rest[..end]);
            end
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
            reader.comment(&rest[..end]);
            end
        } else if next == '#' && reader.code.trim().is_empty() {
            let mut end = rest.find('\n').unwrap_or(rest.len());
            while rest[..end].ends_with('\\') {
                end += 1 + rest[end + 1..].find('\n').unwrap_or(rest.len() - end - 1);
            }
            reader.directive(&rest[..end], line);
            end
        } else if next == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
            reader.code.push_str(&rest[..end]);
            end
        } else {
            reader.letter(next, line);
            next.len_utf8()
        };
        line += rest[..token].matches('\n').count();
        rest = &rest[token..];
    }
    reader.items
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    scopes: Vec<Scope>,
    code: String,
    documentation: String,
    began: usize,
    parentheses: usize,
}

impl Reader {
    fn scope(&self) -> Scope {
        self.scopes.last().copied().unwrap_or(Scope::Hidden)
    }

    fn comment(&mut self, text: &str) {
        if let (Some(trailing), Some(item)) = (text.strip_prefix("///<"), self.items.last_mut()) {
            if item.documentation.is_empty() && self.code.trim().is_empty() {
                item.documentation = trailing.trim().to_owned();
            }
        } else if text.starts_with("///") || text.starts_with("/**") {
            for line in text.trim_end_matches("*/").lines() {
                self.documentation += line.trim_start_matches([' ', '/', '*']);
                self.documentation.push('\n');
            }
        }
    }

    fn directive(&mut self, text: &str, line: usize) {
        let words: Vec<&str> = text.trim_start_matches('#').split_whitespace().collect();
        if let ["define", name, ..] = words[..]
            && !name.ends_with("_H")
            && !name.ends_with("_HPP")
        {
            self.began = line;
            self.item(format!("#define {name}"));
        }
    }

    fn letter(&mut self, letter: char, line: usize) {
        if self.code.trim().is_empty() && !letter.is_whitespace() {
            self.began = line;
        }
        match letter {
            '(' => self.parentheses += 1,
            ')' => self.parentheses = self.parentheses.saturating_sub(1),
            '{' if self.parentheses == 0 => return self.open(),
            '}' if self.parentheses == 0 => return self.close(),
            ';' if self.parentheses == 0 => return self.end(),
            ',' if self.parentheses == 0 && self.scope() == Scope::Enumeration => return self.end(),
            ':' if self.in_class() && ["public", "private", "protected"].contains(&self.code.trim()) => {
                let to = if self.code.trim() == "public" { Scope::Public } else { Scope::Private };
                if let Some(scope) = self.scopes.last_mut() {
                    *scope = to;
                }
                return self.code.clear();
            }
            _ => {}
        }
        self.code.push(letter);
    }

    fn in_class(&self) -> bool {
        [Scope::Public, Scope::Private].contains(&self.scope())
    }

    fn open(&mut self) {
        let code = self.code.split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = code.strip_prefix("template").and_then(|rest| rest.split_once("> ")).map_or(&*code, |rest| rest.1);
        let plain = plain.trim_start_matches("typedef ").trim();
        let begins = |word: &str| plain.starts_with(word);
        let inner = match self.scope() {
            Scope::Hidden | Scope::Private => Scope::Hidden,
            // Templates of another namespace that are told about a type of ours.
            _ if begins("namespace detail") || begins("namespace std") => Scope::Hidden,
            _ if begins("namespace") || begins("extern \"C\"") => Scope::Namespace,
            _ if begins("enum") => Scope::Enumeration,
            _ if begins("class") => Scope::Private,
            _ if begins("struct") => Scope::Public,
            _ => Scope::Hidden,
        };
        if inner != Scope::Namespace && !begins("namespace") {
            self.end();
        }
        self.code.clear();
        self.documentation.clear();
        self.scopes.push(inner);
    }

    fn close(&mut self) {
        if self.scope() == Scope::Enumeration {
            self.end();
        }
        self.scopes.pop();
        self.code.clear();
        self.documentation.clear();
    }

    fn end(&mut self) {
        let code = self.code.split_whitespace().collect::<Vec<_>>().join(" ");
        self.code.clear();
        let says_nothing = ["friend ", "static_assert"].iter().any(|word| code.starts_with(word))
            || ["= default", "= delete"].iter().any(|end| code.ends_with(end))
            // What follows the body of a typedef or an initializer.
            || !code.contains([' ', '('])  && self.scope() != Scope::Enumeration;
        if says_nothing {
            return self.documentation.clear();
        }
        self.item(code);
    }

    fn item(&mut self, code: String) {
        let documentation = std::mem::take(&mut self.documentation);
        let visible = [Scope::Namespace, Scope::Public, Scope::Enumeration].contains(&self.scope());
        // A second declaration of the same thing needs no second documentation.
        if code.is_empty() || !visible || self.items.iter().any(|item| item.code == code) {
            return;
        }
        let is_free = self.scope() == Scope::Namespace;
        self.items.push(Item { code, documentation, line: self.began, is_free });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let items = public_items(text);
        items.iter().filter_map(|item| Some(format!("{}: {}", item.code, complain(item)?))).collect()
    }

    #[test]
    fn what_has_no_documentation_is_found_wherever_it_stands() {
        let text = "#ifndef A_HPP\n#define A_HPP\n#define A_LIMIT 3\nnamespace a {\nenum class E { x = 1, y };\n\
                    /// Said.\n///\n/// Threads: any.\nclass C {\n  int hidden;\n public:\n  int f() const { return 1; }\n\
                    \x20 C(const C&) = delete;\n private:\n  int g();\n};\n}\n";
        let none = "has no documentation";
        let of =
            ["#define A_LIMIT", "enum class E", "x = 1", "y", "int f() const"].map(|code| format!("{code}: {none}"));
        assert_eq!(complaints(text), of);
    }

    #[test]
    fn a_template_is_a_class_too() {
        let text = "/// Said.\n/// Threads: any.\ntemplate <class T>\nclass C { public: int f(); };";
        assert_eq!(complaints(text), ["int f(): has no documentation"]);
    }

    #[test]
    fn a_comment_behind_an_item_documents_it() {
        assert!(complaints("/** Said. */ enum E { x = 1, ///< First.\n y, ///< Second.\n};").is_empty());
        let two = "/// Said.\n/// Threads: one.\nstruct S { int a{0}; ///< Said.\n int b; };";
        assert_eq!(complaints(two), ["int b: has no documentation"]);
    }

    #[test]
    fn what_can_fail_says_how_and_what_is_free_says_on_which_threads() {
        let threads = complaints("/// Said.\nint f();");
        assert_eq!(threads, ["int f(): the documentation has no line that begins with Threads:"]);
        let errors = complaints("/// Said.\n/// Threads: any.\nResult<int> f(int x = {}) { return {1}; }");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].ends_with("begins with Errors:"), "{errors:?}");
        assert!(complaints("/// Said.\n/// Threads: any.\n/// Errors: none.\nResult<int> f();").is_empty());
    }

    #[test]
    fn details_and_bodies_are_nobodys_business() {
        let text =
            "namespace a { namespace detail { int f(); } }\n/// Said.\n/// Threads: any.\nint g() { int x; h(); }";
        assert!(complaints(text).is_empty(), "{:?}", complaints(text));
    }
}
