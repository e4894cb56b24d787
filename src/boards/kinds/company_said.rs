//! Whose job an item of a feed is. The author of an item is whoever typed it in, as often as the
//! company.

/// Names that are of nobody's company.
const NOBODY: [&str; 14] = [
    "admin",
    "administrator",
    "anonymous",
    "author",
    "careers",
    "editor",
    "editorial team",
    "guest",
    "hr",
    "jobs",
    "recruiting",
    "staff",
    "team",
    "webmaster",
];

/// The first author whose name the item itself says, which an editor's hardly is.
pub fn by_author(
    authors: impl IntoIterator<Item = String>,
    title: &str,
    body: &str,
) -> Option<String> {
    authors.into_iter().find(|author| {
        let name = author.trim();
        let known = NOBODY.iter().any(|nobody| name.eq_ignore_ascii_case(nobody));
        !known && !name.contains('@') && (says(title, name) || says(body, name))
    })
}

/// Whether a name stands in a text as words of its own.
fn says(text: &str, name: &str) -> bool {
    let of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    name.chars().count() > 1
        && text.match_indices(name).any(|(at, found)| {
            let (before, behind) = (text.get(..at), text.get(at + found.len()..));
            !of_word(before.and_then(|text| text.chars().next_back()))
                && !of_word(behind.and_then(|text| text.chars().next()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_a_company_that_the_item_names() {
        for (author, title, body, is_one) in [
            ("Acme", "Cook at Acme", "", true),
            ("Acme GmbH", "Cook", "<p>Acme GmbH hires.", true),
            ("Acme", "Cook", "Acmeville", false),
            ("admin", "Linux admin", "", false),
            ("jane@acme.example", "Cook", "jane@acme.example", false),
            ("Jane Doe", "Cook at Acme", "Soup.", false),
            ("A", "A cook", "", false),
        ] {
            let found = by_author([author.to_owned()], title, body);
            assert_eq!(found.is_some(), is_one, "{author} {title} {body}");
        }
    }
}
