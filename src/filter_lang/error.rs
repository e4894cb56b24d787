//! Why a text is no filter, said so that a person can mend it.

use winnow::error::{ErrMode, ModalResult, ParserError};
use winnow::stream::{Location, Stream};

use super::clean::is_invisible;
use super::limits::MAX_CHARS;

/// The first thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}; {expected}{}", .nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
pub struct ParseError {
    /// The character at which it stands, counted from 0.
    pub position: usize,
    pub found: String,
    /// What could stand there.
    pub expected: String,
    /// The right spelling that was probably meant.
    pub nearest: Option<String>,
}

impl ParseError {
    pub(super) fn new(
        position: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { position, found: found.into(), expected: expected.into(), nearest: None }
    }

    pub(super) fn or_rather(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    /// As the result of a parser: nothing else is tried.
    pub(super) fn stop<T>(self) -> ModalResult<T, Self> {
        Err(ErrMode::Cut(self))
    }

    /// The text on one line, a caret below the character, and the sentence.
    pub fn with_caret(&self, text: &str) -> String {
        // What is not shown takes no column either; a caret may stand just behind the text.
        let shown = |text: &str, most: usize| -> String {
            let visible = text.chars().take(most).filter(|found| !is_invisible(*found));
            let blank = |c: char| c.is_whitespace() || c.is_control();
            visible.map(|found| if blank(found) { ' ' } else { found }).collect()
        };
        let line = shown(text, MAX_CHARS);
        let indent = " ".repeat(shown(text, self.position).chars().count());
        format!("{line}\n{indent}^\n{self}")
    }
}

/// A piece of the text as an error shows it, cut where it gets long.
pub(super) fn quoted(found: &str) -> String {
    const MOST: usize = 30;
    let dots = if found.chars().count() > MOST { "…" } else { "" };
    format!("`{}{dots}`", found.chars().take(MOST).collect::<String>())
}

impl<I: Stream + Location> ParserError<I> for ParseError {
    type Inner = Self;

    fn from_input(input: &I) -> Self {
        Self::new(input.current_token_start(), "something else", "a word could stand here")
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, position: usize, want: &str) {
        let error = ParseError::new(position, "`x`", "a word could stand here");
        let shown = error.with_caret(text);
        assert_eq!(shown.strip_suffix("\nfound `x`; a word could stand here"), Some(want));
    }

    #[test]
    fn the_caret_stands_below_the_character() {
        check("rust x", 5, "rust x\n     ^");
        check("größe\tx", 6, "größe x\n      ^");
        check("a\nb", 2, "a b\n  ^");
        check("a\u{200B}b x", 4, "ab x\n   ^");
        check("", 0, "\n^");
        check("ab", 2, "ab\n  ^");
    }
}
