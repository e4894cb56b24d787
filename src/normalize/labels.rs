//! Facts that a body states on a line of its own behind a label: `Location: Kiel`.

use memchr::memchr2;

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

/// The value behind the first of these labels; labels are given without their colon.
pub fn labelled<'a>(body: &'a str, labels: &[&str]) -> Option<&'a str> {
    let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES);
    lines.find_map(|line| labelled_line(line, labels))
}

fn labelled_line<'a>(line: &'a str, labels: &[&str]) -> Option<&'a str> {
    // A colon, or what a wide one begins with.
    memchr2(b':', 0xef, line.as_bytes())?;
    let (label, value) =
        if line.is_ascii() { line.split_once(':')? } else { line.split_once([':', '：'])? };
    let label = label.trim_matches(|c: char| !c.is_alphanumeric());
    let is_label = if label.is_ascii() {
        labels.iter().any(|known| known.eq_ignore_ascii_case(label))
    } else {
        let label = label.to_lowercase();
        labels.iter().any(|known| known.len() == label.len() && known.to_lowercase() == label)
    };
    let value = value.trim().trim_matches('*').trim();
    let fits = !value.is_empty() && value.chars().nth(MAX_VALUE_CHARS).is_none();
    (is_label && fits).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, want: Option<&str>) {
        assert_eq!(labelled(body, LOCATION), want);
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
    }
}
