//! A filter as a form has it: parts with fields of their own, and the rest as text.

use super::error::ParseError;
use super::parser::parse;
use super::print::print;
use crate::domain::filter::{Clause, Expr, Fact};

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Words that must all occur.
    Words,
    /// Words none of which may occur.
    Without,
    Remote,
    Place,
    Pay,
    /// What has no field of its own.
    More,
}

impl Part {
    pub const ALL: [Self; 6] =
        [Self::Words, Self::Without, Self::Remote, Self::Place, Self::Pay, Self::More];

    /// Its name, for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Without => "without",
            Self::Remote => "remote",
            Self::Place => "place",
            Self::Pay => "pay",
            Self::More => "more",
        }
    }

    /// What stands before its text in a filter.
    fn prefix(self) -> &'static str {
        match self {
            Self::Place => "location:",
            Self::Pay => "pay>=",
            Self::Words | Self::Without | Self::Remote | Self::More => "",
        }
    }

    /// Which field a clause belongs to.
    fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Clause(Clause::Text { field: None, .. }) => Self::Words,
            Expr::Not(inner) if Self::of(inner) == Self::Words => Self::Without,
            Expr::Clause(Clause::Remote(_)) => Self::Remote,
            Expr::Clause(Clause::Location(_) | Clause::Region(_)) => Self::Place,
            Expr::Clause(Clause::Fact { fact: Fact::PayAtLeast { .. }, .. }) => Self::Pay,
            Expr::Clause(_) | Expr::Not(_) | Expr::All(_) | Expr::Any(_) => Self::More,
        }
    }

    /// Whether its field holds one clause only.
    fn is_single(self) -> bool {
        matches!(self, Self::Remote | Self::Place | Self::Pay)
    }
}

/// The texts of the fields, in the order of [`Part::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields([String; Part::ALL.len()]);

impl Fields {
    /// Takes a filter apart.
    pub fn of(expr: &Expr) -> Self {
        let mut fields = Self::default();
        let parts = match expr {
            Expr::All(parts) => parts.as_slice(),
            Expr::Clause(_) | Expr::Not(_) | Expr::Any(_) => std::slice::from_ref(expr),
        };
        for one in parts {
            let mut part = Part::of(one);
            if part.is_single() && !fields.get(part).is_empty() {
                part = Part::More;
            }
            let text = match one {
                Expr::Not(inner) if part == Part::Without => print(inner),
                Expr::Any(_) => format!("({})", print(one)),
                Expr::Clause(_) | Expr::Not(_) | Expr::All(_) => print(one),
            };
            let text = text.strip_prefix(part.prefix()).unwrap_or(&text);
            let text = if part == Part::Place { text.trim_matches('"') } else { text };
            fields.add(part, text);
        }
        fields
    }

    pub fn get(&self, part: Part) -> &str {
        let fields = Part::ALL.iter().zip(&self.0);
        fields.into_iter().find(|(of, _)| **of == part).map_or("", |(_, text)| text)
    }

    /// Writes a field's text, in place of what it held.
    pub fn set(&mut self, part: Part, text: &str) {
        if let Some((_, field)) = Part::ALL.iter().zip(&mut self.0).find(|(of, _)| **of == part) {
            text.trim().clone_into(field);
        }
    }

    fn add(&mut self, part: Part, text: &str) {
        let together = format!("{} {text}", self.get(part));
        self.set(part, &together);
    }

    /// The filter that the fields make together, in its canonical form.
    ///
    /// # Errors
    /// The field that cannot be read, and why; what is wrong with all together stands at the first that is
    /// not empty.
    pub fn line(&self) -> Result<String, (Part, ParseError)> {
        let mut line = String::new();
        for part in Part::ALL {
            let text = self.get(part);
            if text.is_empty() {
                continue;
            }
            let is_words = part == Part::Place && text.contains(' ') && !text.contains(['"', '(']);
            let text = if is_words { format!("\"{text}\"") } else { text.to_owned() };
            let text = format!("{}{text}", part.prefix());
            if part == Part::Without {
                for without in apart(&parse(&text).map_err(|error| (part, error))?) {
                    line.push_str(" -");
                    line.push_str(&without);
                }
                continue;
            }
            if part != Part::More {
                // Behind a word: some parts only narrow, and are no filter alone.
                parse(&format!("word {text}")).map_err(|error| (part, error))?;
            }
            line.push(' ');
            line.push_str(&text);
        }
        let filled = Part::ALL.into_iter().find(|part| !self.get(*part).is_empty());
        let wrong = |error| match self.get(Part::More) {
            "" => (filled.unwrap_or(Part::Words), error),
            _ => (Part::More, error),
        };
        Ok(print(&parse(line.trim()).map_err(wrong)?))
    }
}

/// What must all not occur, each as it stands behind a minus.
fn apart(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::All(parts) => parts.iter().flat_map(apart).collect(),
        Expr::Clause(_) => vec![print(expr)],
        Expr::Not(_) | Expr::Any(_) => vec![format!("({})", print(expr))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Fields {
        Fields::of(&parse(line).unwrap())
    }

    #[track_caller]
    fn check(line: &str, want: [&str; 6]) {
        let fields = fields(line);
        assert_eq!(fields.0, want.map(str::to_owned));
        let clauses = |line: &str| {
            let mut all = match parse(line).unwrap() {
                Expr::All(parts) => parts.iter().map(print).collect(),
                one @ (Expr::Clause(_) | Expr::Not(_) | Expr::Any(_)) => vec![print(&one)],
            };
            all.sort();
            all
        };
        let again = fields.line().unwrap();
        assert_eq!(clauses(&again), clauses(line));
        assert_eq!(fields.line(), Fields::of(&parse(&again).unwrap()).line());
    }

    #[test]
    fn a_filter_is_taken_apart_and_put_together_again() {
        check("rust", ["rust", "", "", "", "", ""]);
        check(
            "rust \"site reliability\" -senior -\"team lead\" remote pay>=80k location:\"new york\"",
            [
                "rust \"site reliability\"",
                "senior \"team lead\"",
                "remote",
                "new york",
                "$80k/yr",
                "",
            ],
        );
        check("remote:hybrid location:eu", ["", "", "remote:hybrid", "eu", "", ""]);
        check("rust OR go", ["", "", "", "", "", "(rust OR go)"]);
        check(
            "title:(rust OR go) pref* country:de pay>=50 EUR/h! -company:acme -(a OR b)",
            [
                "pref*",
                "",
                "",
                "",
                "€50/h!",
                "(title:(rust OR go)) country:de -company:acme -(a OR b)",
            ],
        );
        check("location:berlin location:paris", ["", "", "", "berlin", "", "location:paris"]);
    }

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        let wrong = |part: Part, text: &str| {
            let mut fields = fields("rust");
            fields.set(part, text);
            fields.line().map_err(|(part, _)| part)
        };
        assert_eq!(wrong(Part::Words, "rust ("), Err(Part::Words));
        assert_eq!(wrong(Part::Without, "a:b"), Err(Part::Without));
        assert_eq!(wrong(Part::Pay, "much"), Err(Part::Pay));
        assert_eq!(wrong(Part::More, "titel:x"), Err(Part::More));
        assert_eq!(wrong(Part::Without, "lead OR (a b)").as_deref(), Ok("rust -(lead OR a b)"));
        let mut only = Fields::default();
        assert_eq!(only.line().map_err(|(part, _)| part), Err(Part::Words));
        only.set(Part::Without, "senior");
        assert_eq!(only.line().map_err(|(part, _)| part), Err(Part::Without));
    }
}
