//! Rules for a web page, compiled: a wrong one is named where it is read, not when it is used.

use scraper::{ElementRef, Selector};

use crate::domain::rules::Rules;

/// A longer selector is none.
const MAX_CHARS: usize = 500;

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule for {field} {what}")]
pub struct WrongRule {
    pub field: &'static str,
    pub what: String,
}

/// Rules that can be used.
pub struct Compiled {
    pub item: Selector,
    pub title: Finder,
    pub link: Option<Finder>,
    pub company: Option<Finder>,
    pub location: Option<Finder>,
    pub remote: Option<Finder>,
    pub pay: Option<Finder>,
    pub date: Option<Finder>,
    pub body: Option<Finder>,
    pub tags: Option<Finder>,
    pub empty: Option<Selector>,
}

impl Compiled {
    pub fn new(rules: &Rules) -> Result<Self, WrongRule> {
        let finder = |field, text: &Option<String>| {
            text.as_deref().map(|text| Finder::new(field, text)).transpose()
        };
        let mut link = finder("link", &rules.link)?;
        if let Some(link) = &mut link {
            // The text of a link is no address.
            link.attribute.get_or_insert_with(|| "href".to_owned());
        }
        Ok(Self {
            item: selector("item", &rules.item)?,
            title: Finder::new("title", &rules.title)?,
            link,
            company: finder("company", &rules.company)?,
            location: finder("location", &rules.location)?,
            remote: finder("remote", &rules.remote)?,
            pay: finder("pay", &rules.pay)?,
            date: finder("date", &rules.date)?,
            body: finder("body", &rules.body)?,
            tags: finder("tags", &rules.tags)?,
            empty: rules.empty.as_deref().map(|text| selector("empty", text)).transpose()?,
        })
    }
}

/// Finds one part of a posting inside an item: `selector`, `selector@attribute`, and of the item
/// itself `:scope` or `@attribute`.
pub struct Finder {
    /// `None` is the item itself.
    selector: Option<Selector>,
    attribute: Option<String>,
}

impl Finder {
    fn new(field: &'static str, text: &str) -> Result<Self, WrongRule> {
        let (found, attribute) = split(text);
        let attribute = attribute.map(str::to_ascii_lowercase);
        let itself = found == ":scope" || (found.is_empty() && attribute.is_some());
        let selector = if itself { None } else { Some(selector(field, found)?) };
        Ok(Self { selector, attribute })
    }

    /// HTML, or an attribute's text, of the first element that has any.
    pub fn first(&self, item: ElementRef<'_>) -> Option<String> {
        match &self.selector {
            None => self.value(item),
            Some(selector) => item.select(selector).find_map(|element| self.value(element)),
        }
    }

    pub fn all(&self, item: ElementRef<'_>) -> Vec<String> {
        match &self.selector {
            None => self.value(item).into_iter().collect(),
            Some(selector) => item.select(selector).filter_map(|it| self.value(it)).collect(),
        }
    }

    fn value(&self, element: ElementRef<'_>) -> Option<String> {
        let value = match &self.attribute {
            Some(attribute) => element.attr(attribute)?.to_owned(),
            None => element.inner_html(),
        };
        (!value.trim().is_empty()).then_some(value)
    }
}

/// An `@` may also stand in a selector: `a[href*="@"]`.
fn split(text: &str) -> (&str, Option<&str>) {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
    };
    match text.trim().rsplit_once('@') {
        Some((found, name)) if is_name(name.trim()) => (found.trim(), Some(name.trim())),
        _ => (text.trim(), None),
    }
}

fn selector(field: &'static str, text: &str) -> Result<Selector, WrongRule> {
    let wrong = |what: String| WrongRule { field, what };
    if text.trim().is_empty() {
        return Err(wrong("is missing".to_owned()));
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(wrong(format!("is longer than {MAX_CHARS} characters")));
    }
    Selector::parse(text)
        .map_err(|error| wrong(format!("is not a CSS selector, {text:.80?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let rules: Rules = toml::from_str(text).unwrap();
        assert_eq!(Compiled::new(&rules).err().map(|e| e.to_string()).unwrap_or_default(), want);
    }

    #[test]
    fn a_wrong_rule_is_named() {
        check("item = 'li'\ntitle = 'h3'\nlink = 'a[href*=\"@x\"]@href'\ndate = '@title'", "");
        check("title = 'h3'", "the rule for item is missing");
        check("item = 'li'", "the rule for title is missing");
        check("item = 'li'\ntitle = 'h3'\npay = ''", "the rule for pay is missing");
        for (rule, field) in
            [("pay = 'b['", "pay"), ("empty = '..'", "empty"), ("tags='@'", "tags")]
        {
            let rules: Rules = toml::from_str(&format!("item='li'\ntitle='b'\n{rule}")).unwrap();
            let error = Compiled::new(&rules).err().unwrap();
            assert_eq!(error.field, field);
            assert!(error.what.starts_with("is not a CSS selector"), "{error}");
        }
        let long = format!("item = '{}'\ntitle = 'b'", "a ".repeat(300));
        check(&long, "the rule for item is longer than 500 characters");
    }

    #[test]
    fn attributes_are_told_from_selectors() {
        for (text, want) in [
            ("a@href", ("a", Some("href"))),
            (" time @ datetime ", ("time", Some("datetime"))),
            ("@data-id", ("", Some("data-id"))),
            ("a[href*='@x']", ("a[href*='@x']", None)),
            ("h3", ("h3", None)),
        ] {
            assert_eq!(split(text), want);
        }
    }
}
