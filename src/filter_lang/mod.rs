//! The filter language: text to [`Expr`](crate::domain::filter::Expr) and back, with errors that
//! point at the character.
//!
//! ```text
//! filter   = together { ("OR" | "|") together }     OR binds loosest
//! together = term { ["AND"] term }
//! term     = { "-" | "NOT" } operand                "-" stands directly before its operand
//! operand  = "(" filter ")" | name | text
//! text     = word | "quoted words" | prefix* | =word
//! ```
//!
//! | name | operand |
//! |---|---|
//! | `title:` `company:` `tag:` `body:` `board:` `location:` | a text, or a group of texts only |
//! | `remote`, `remote:`, `country:` | nothing (yes), values |
//! | `pay:stated`, `pay>=` | `[$€£] amount [k\|m] [currency code] [/h /day /week /month /yr] [!]` |
//! | `type:` `level:` `lang:` `visa:` | values, `[!]` |
//! | `tz:` | `zone overlap>=hours [!]` |
//! | `posted<` | `number min\|h\|d\|w [!]` |
//!
//! Values are `a`, `a\|b` without spaces, or `(a OR b)`. `location:` with the name of a country or a
//! region is that; `location:=us` looks for the word.
//!
//! `OR`, `AND` and `NOT` are read in any case; as words they are written in quotes, as is `remote`.
//! A quoted text without white space is the word itself, so that `"rust"` and `rust` are one
//! filter. An unquoted word holds none of `: < > =`, so that no misspelt name becomes a word.
//! Control characters count as white space, invisible ones are dropped, and typographic quotes,
//! dashes and full-width punctuation are read as their ASCII forms.

mod clean;
mod error;
mod facts;
mod fields;
mod limits;
mod nearest;
mod parser;
mod pay;
mod print;
mod scope;

#[cfg(test)]
mod tests;

pub use clean::is_invisible;
pub use error::ParseError;
pub use fields::{Fields, Part};
pub use limits::{MAX_CHARS, MAX_NESTING, MAX_TERMS};
pub use nearest::nearest;
pub use parser::parse;
pub use print::print;
