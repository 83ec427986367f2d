//! Rust source with its comments and literals blanked out, so that rules about code look at code alone.

use std::iter::Peekable;
use std::str::Chars;

/// The same lines, with spaces where comments, strings and characters were.
pub(super) fn code_only(source: &str) -> String {
    let mut mask = Mask { rest: source.chars().peekable(), code: String::with_capacity(source.len()) };
    while mask.rest.peek().is_some() {
        mask.step();
    }
    mask.code
}

struct Mask<'a> {
    rest: Peekable<Chars<'a>>,
    code: String,
}

impl Mask<'_> {
    /// Takes one token that matters: a comment, a literal, or one character of code.
    fn step(&mut self) {
        let ahead: String = self.rest.clone().take(3).collect();
        if ahead.starts_with("//") {
            self.blank_while(|c| c != '\n');
        } else if ahead.starts_with("/*") {
            self.block_comment();
        } else if ahead.starts_with('"') {
            self.text();
        } else if ahead.starts_with('\'') {
            self.quote(&ahead);
        } else if let Some(hashes) = self.raw_text_ahead() {
            self.raw_text(hashes);
        } else {
            self.code.extend(self.rest.next());
        }
    }

    /// Blanks one character.
    fn blank(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.code.push(if c == '\n' { '\n' } else { ' ' });
        Some(c)
    }

    fn blank_many(&mut self, count: usize) {
        for _ in 0..count {
            self.blank();
        }
    }

    fn blank_while(&mut self, goes_on: impl Fn(char) -> bool) {
        while self.rest.peek().is_some_and(|c| goes_on(*c)) {
            self.blank();
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        let mut last = ' ';
        while let Some(c) = self.blank() {
            match (last, c) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    last = c;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
            last = ' ';
        }
    }

    fn text(&mut self) {
        self.blank();
        while let Some(c) = self.blank() {
            match c {
                '\\' => self.blank_many(1),
                '"' => break,
                _ => {}
            }
        }
    }

    /// A character literal, or the `'` of a lifetime.
    fn quote(&mut self, ahead: &str) {
        let mut after = ahead.chars().skip(1);
        match (after.next(), after.next()) {
            (Some('\\'), _) => {
                self.blank_many(3);
                self.blank_while(|c| c != '\'');
                self.blank();
            }
            (Some(_), Some('\'')) => self.blank_many(3),
            _ => self.code.extend(self.rest.next()),
        }
    }

    /// The number of `#` when a raw string starts here.
    fn raw_text_ahead(&self) -> Option<usize> {
        let mut rest = self.rest.clone();
        if rest.next() != Some('r') {
            return None;
        }
        let before = self.code.strip_suffix(['b', 'c']).unwrap_or(&self.code);
        if before.ends_with(is_ident) {
            return None;
        }
        let hashes = rest.clone().take_while(|c| *c == '#').count();
        (rest.nth(hashes) == Some('"')).then_some(hashes)
    }

    fn raw_text(&mut self, hashes: usize) {
        self.blank_many(hashes + 2);
        while let Some(c) = self.blank() {
            if c == '"' && self.rest.clone().take(hashes).filter(|c| *c == '#').count() == hashes {
                self.blank_many(hashes);
                break;
            }
        }
    }
}

/// Whether `needle` stands in `line` as whole words.
pub(super) fn has_word(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        let goes_on = needle.ends_with(is_ident) && after.is_some_and(is_ident);
        !goes_on && !before.is_some_and(is_ident)
    })
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        for (source, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d\n */ e", "a               \n    e"),
            ("a /*/ b */ c", "a          c"),
            (r#"f("x // y", z)"#, "f(        , z)"),
            (r#"f("\"x\\", z)"#, "f(       , z)"),
            ("f(\"a\nb\", z)", "f(  \n  , z)"),
            (r#"f(r"\", z)"#, "f(    , z)"),
            (r##"f(r#"x"y"#, z)"##, "f(        , z)"),
            (r##"f(br#"x"y"#, z)"##, "f(b        , z)"),
            ("f(cr##\"x\"#\"##, z)", "f(c          , z)"),
            ("r#type + for_r", "r#type + for_r"),
            (r#"for r in "x" {}"#, "for r in     {}"),
            (r"('a', '\'', '\\', '\u{1F}', b'x')", "(   ,     ,     ,         , b   )"),
            ("fn f<'a>(x: &'a str, y: &'static str)", "fn f<'a>(x: &'a str, y: &'static str)"),
            (r#"('"', unsafe)"#, "(   , unsafe)"),
            ("/// doc\nfn f() {}", "       \nfn f() {}"),
            ("\"never closed", "             "),
        ] {
            assert_eq!(code_only(source), expected, "{source}");
        }
    }

    #[test]
    fn words_are_whole() {
        for (line, needle, expected) in [
            ("std::env::var(\"x\")", "env::var", true),
            ("std::env::vars()", "env::var", false),
            ("use std::env::var;", "env::var", true),
            ("my_env::var()", "env::var", false),
            ("forbid(unsafe_code)", "unsafe", false),
            ("unsafe { f() } unsafe_code", "unsafe", true),
            ("todo!()", "todo!", true),
            ("todo!(x)", "todo!", true),
            ("not_todo!()", "todo!", false),
        ] {
            assert_eq!(has_word(line, needle), expected, "{needle} in {line}");
        }
    }
}
