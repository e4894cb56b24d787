//! The right spelling that a wrong word was probably meant to be.

/// The closest of some words, if a slip or two lead there.
pub(super) fn nearest<'w>(wrong: &str, right: &[&'w str]) -> Option<&'w str> {
    let allowed = (wrong.chars().count() / 3).clamp(1, 2);
    right
        .iter()
        .map(|word| (distance(wrong, word), *word))
        .filter(|(slips, _)| *slips <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be put in, left out, replaced or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let cost = |row: &[usize], at: usize| row.get(at).map_or(usize::MAX, |cost| cost + 1);
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (done, letter) in from.chars().enumerate() {
        let mut next = vec![done + 1];
        let mut before = None;
        for (at, wanted) in to.iter().copied().enumerate() {
            let replaced = cost(&row, at) - usize::from(letter == wanted);
            let mut best = replaced.min(cost(&row, at + 1)).min(cost(&next, at));
            if last == Some(wanted) && before == Some(letter) {
                best = best.min(at.checked_sub(1).map_or(best, |at| cost(&above, at)));
            }
            next.push(best);
            before = Some(wanted);
        }
        above = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or(usize::MAX)
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
