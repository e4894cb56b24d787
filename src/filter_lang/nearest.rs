//! The right spelling that a wrong word was probably meant to be.

/// The closest of some words, if a slip or two lead there.
pub fn nearest<'w>(wrong: &str, right: &[&'w str]) -> Option<&'w str> {
    let allowed = (wrong.chars().count() / 3).clamp(1, 2);
    right
        .iter()
        .map(|word| (strsim::osa_distance(wrong, word), *word))
        .filter(|(slips, _)| *slips <= allowed)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wrong: &str, want: Option<&str>) {
        assert_eq!(nearest(wrong, &["title", "company", "tag", "body", "location"]), want);
    }

    #[test]
    fn slips_are_recognised_and_other_words_are_not_bent() {
        check("titel", Some("title"));
        check("compny", Some("company"));
        check("locatoin", Some("location"));
        check("tags", Some("tag"));
        check("lang", None);
        check("country", None);
        check("", None);
    }
}
