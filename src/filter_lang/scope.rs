//! Where a text is looked for: what a name before a colon stands for.

use crate::domain::filter::{Clause, Expr, Field, Text};
use crate::domain::place::Area;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Anywhere,
    In(Field),
    Location,
}

impl Scope {
    pub fn named(name: &str) -> Option<Self> {
        let field = Field::ALL.into_iter().find(|field| field.as_str() == name);
        field.map(Self::In).or((name == "location").then_some(Self::Location))
    }

    /// What is written before a text of this scope.
    pub fn prefix(self) -> String {
        match self {
            Self::Anywhere => String::new(),
            Self::In(field) => format!("{}:", field.as_str()),
            Self::Location => "location:".to_owned(),
        }
    }

    pub fn clause(self, text: Text) -> Clause {
        match self {
            Self::Anywhere => Clause::Text { field: None, text },
            Self::In(field) => Clause::Text { field: Some(field), text },
            Self::Location => match Area::named(text.written()).filter(|_| is_name(&text)) {
                Some(Area::Region(region)) => Clause::Region(region),
                Some(Area::Country(country)) => Clause::Country(country),
                None => Clause::Location(text),
            },
        }
    }

    /// The scope that all clauses below have in common, unless it is everywhere.
    pub fn shared(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Clause(Clause::Text { field, .. }) => field.map(Self::In),
            Expr::Clause(Clause::Location(_) | Clause::Region(_)) => Some(Self::Location),
            Expr::Clause(
                Clause::Remote(_)
                | Clause::Country(_)
                | Clause::PayStated
                | Clause::Repost
                | Clause::Fact { .. },
            ) => None,
            Expr::Not(inner) => Self::shared(inner),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut scopes = parts.iter().map(Self::shared);
                let first = scopes.next()??;
                scopes.all(|scope| scope == Some(first)).then_some(first)
            }
        }
    }
}

/// Whether a text may be the name of a country or a region: `location:=us` looks for the word.
fn is_name(text: &Text) -> bool {
    matches!(text, Text::Word(_) | Text::Phrase(_))
}
