//! Where a text is looked for: what a name before a colon stands for.

use crate::domain::filter::{Clause, Expr, Field, Text};

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
            Self::Location => Clause::Location(text),
        }
    }

    /// The scope that all clauses below have in common, unless it is everywhere.
    pub fn shared(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Clause(Clause::Text { field, .. }) => field.map(Self::In),
            Expr::Clause(Clause::Location(_)) => Some(Self::Location),
            Expr::Clause(Clause::Remote(_) | Clause::PayAtLeast { .. }) => None,
            Expr::Not(inner) => Self::shared(inner),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut scopes = parts.iter().map(Self::shared);
                let first = scopes.next()??;
                scopes.all(|scope| scope == Some(first)).then_some(first)
            }
        }
    }
}
