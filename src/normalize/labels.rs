//! Facts that a body states on a line of its own behind a label: `Location: Kiel`.

use memchr::memchr2;

use super::chars::first_chars;

/// Lines with text that are looked at: such facts stand at the top.
const LINES: usize = 12;
/// A longer value is a sentence.
const MAX_VALUE_CHARS: usize = 120;

pub const COMPANY: &[&str] =
    &["Company", "Company name", "Firma", "Unternehmen", "Entreprise", "Empresa"];
pub const LOCATION: &[&str] = &[
    "Location",
    "Locations",
    "Job location",
    "Standort",
    "Arbeitsort",
    "Lieu",
    "Ubicación",
    "Locatie",
    "Lokalizacja",
];
pub const REMOTE: &[&str] = &[
    "Remote",
    "Remote work",
    "Workplace",
    "Workplace type",
    "Work mode",
    "Homeoffice",
    "Télétravail",
    "Remoto",
];

/// The lines of a body that begin with a label, each as its label and its value: several facts are
/// looked for among them.
#[derive(Debug, Clone, Default)]
pub struct Labelled<'a>(pub(super) Vec<(&'a str, &'a str)>);

impl<'a> Labelled<'a> {
    pub fn of(body: &'a str) -> Self {
        let lines = body.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES);
        Self(lines.filter_map(label_and_value).collect())
    }

    /// The value behind the first of these labels; labels are given without their colon.
    pub fn value(&self, labels: &[&str]) -> Option<&'a str> {
        self.0.iter().find(|(label, _)| is_one_of(label, labels)).map(|(_, value)| *value)
    }
}

fn label_and_value(line: &str) -> Option<(&str, &str)> {
    // A colon, or what a wide one begins with.
    memchr2(b':', 0xef, line.as_bytes())?;
    let (label, value) =
        if line.is_ascii() { line.split_once(':')? } else { line.split_once([':', '：'])? };
    let label = label.trim_matches(|c: char| !c.is_alphanumeric());
    let value = value.trim().trim_matches('*').trim();
    let fits = !value.is_empty() && first_chars(value, MAX_VALUE_CHARS).len() == value.len();
    fits.then_some((label, value))
}

fn is_one_of(label: &str, labels: &[&str]) -> bool {
    if label.is_ascii() {
        return labels.iter().any(|known| known.eq_ignore_ascii_case(label));
    }
    let label = label.to_lowercase();
    labels.iter().any(|known| known.len() == label.len() && known.to_lowercase() == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, want: Option<&str>) {
        assert_eq!(Labelled::of(body).value(LOCATION), want);
    }

    #[test]
    fn a_label_begins_its_line() {
        check("Acme builds.\n\n- **Location:** Kiel \nUrl: x", Some("Kiel"));
        check("UBICACIÓN : Madrid", Some("Madrid"));
        check("Our location: Kiel", None);
        check("Location:\nKiel", None);
        check(&format!("{}Location: Kiel", "line\n\n".repeat(12)), None);
        check(&format!("Location: {}", "x".repeat(121)), None);
        check("https://example.com", None);
        check(&format!("Location: {}\nLocation: Kiel", "x".repeat(121)), Some("Kiel"));
    }
}
