//! The parts of a JSON object as readers of boards ask for them, and boards that are lists of such.

use rust_decimal::Decimal;
use serde_json::Value;

use super::json_items::{Document, id, json_document};
use super::{Problem, RawItems, Response, Unreadable};
use crate::domain::place::{Country, areas};
use crate::normalize::{RawDate, RawPay, RawPosting};

/// An object of a response. Paths name parts of parts: `location.city`.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'v>(pub &'v Value);

impl<'v> Fields<'v> {
    fn at(self, path: &str) -> Option<&'v Value> {
        path.split('.').try_fold(self.0, |value, name| value.get(name))
    }

    /// A text that is not blank, trimmed.
    pub fn text(self, path: &str) -> Option<&'v str> {
        self.at(path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    pub fn string(self, path: &str) -> Option<String> {
        self.text(path).map(str::to_owned)
    }

    /// An id, which is a number here and a text there.
    pub fn id(self, path: &str) -> Option<String> {
        self.at(path).and_then(id)
    }

    /// The texts of a list, or one text alone.
    pub fn texts(self, path: &str) -> Vec<String> {
        let one = self.string(path).into_iter();
        let many = self.at(path).and_then(Value::as_array).into_iter().flatten();
        one.chain(many.filter_map(|item| item.as_str().map(str::to_owned))).collect()
    }

    /// The texts of one part of each object of a list.
    pub fn texts_of(self, path: &str, name: &str) -> Vec<String> {
        self.objects(path).filter_map(|object| object.string(name)).collect()
    }

    pub fn objects(self, path: &str) -> impl Iterator<Item = Fields<'v>> {
        self.at(path).and_then(Value::as_array).into_iter().flatten().map(Fields)
    }

    /// One object alone.
    pub fn object(self, path: &str) -> Option<Fields<'v>> {
        self.at(path).filter(|value| value.is_object()).map(Fields)
    }

    pub fn flag(self, path: &str) -> Option<bool> {
        self.at(path)?.as_bool()
    }

    pub fn whole(self, path: &str) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    pub fn numbers(self, path: &str) -> Vec<f64> {
        let list = self.at(path).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_f64).collect()
    }

    /// A number, or a text that is one; boards write 0 for "unknown".
    pub fn amount(self, path: &str) -> Option<Decimal> {
        let value = self.at(path)?;
        let text =
            value.as_str().map(str::to_owned).or_else(|| Some(value.as_number()?.to_string()));
        let amount: Decimal = text?.trim().parse().ok()?;
        (amount > Decimal::ZERO).then_some(amount)
    }

    /// Pay whose parts have fields of their own.
    pub fn pay(self, [min, max, currency, period]: [&str; 4]) -> RawPay {
        self.pay_in(min, max, self.string(currency), self.string(period))
    }

    pub fn pay_in(
        self,
        min: &str,
        max: &str,
        currency: Option<String>,
        period: Option<String>,
    ) -> RawPay {
        let (min, max) = (self.amount(min), self.amount(max));
        if min.is_none() && max.is_none() {
            return RawPay::Unknown;
        }
        RawPay::Stated { min, max, currency, period }
    }

    pub fn date(self, path: &str) -> RawDate {
        self.string(path).map_or(RawDate::Unknown, RawDate::Text)
    }

    pub fn seconds(self, path: &str) -> RawDate {
        self.whole(path).map_or(RawDate::Unknown, RawDate::Seconds)
    }

    /// Several texts as one, each on a line of its own.
    pub fn lines(self, paths: &[&str]) -> String {
        let parts: Vec<&str> = paths.iter().filter_map(|path| self.text(path)).collect();
        parts.join("\n")
    }
}

/// Joins what is known of a place, without repeats.
pub fn place<'p>(parts: impl IntoIterator<Item = Option<&'p str>>) -> Option<String> {
    let mut known: Vec<&str> = Vec::new();
    for part in parts.into_iter().flatten() {
        if !known.contains(&part) {
            known.push(part);
        }
    }
    (!known.is_empty()).then(|| known.join(", "))
}

/// Several places as one text.
pub fn places(places: impl IntoIterator<Item = String>) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    for place in places {
        if !known.contains(&place) {
            known.push(place);
        }
    }
    (!known.is_empty()).then(|| known.join("; "))
}

/// A place with the country that the board states beside it, by its name: codes of two letters are
/// states as often.
pub fn in_country(place: Option<String>, country: Option<&str>) -> Option<String> {
    let Some(country) = country else { return place };
    let name = match Country::of_code(country) {
        Some(known) => known.name().unwrap_or(country),
        None => country,
    };
    let stated = areas(name);
    match place {
        Some(place) if stated.is_subset(&areas(&place)) && !stated.is_empty() => Some(place),
        Some(place) if place == name => Some(place),
        Some(place) => Some(format!("{place}, {name}")),
        None => Some(name.to_owned()),
    }
}

/// Reads a list of objects, alone or as the first of these names; one object alone is a list of
/// itself. `posting` gives `None` for what is not to be shown.
pub fn json_board(
    response: Response<'_>,
    names: &[&str],
    posting: impl Fn(Fields<'_>) -> Result<Option<RawPosting>, String>,
) -> Result<RawItems, Unreadable> {
    json_board_of(response, names, |_, job| posting(job))
}

/// The same, where what stands beside the list says something of each of its objects.
pub fn json_board_of(
    response: Response<'_>,
    names: &[&str],
    posting: impl Fn(Fields<'_>, Fields<'_>) -> Result<Option<RawPosting>, String>,
) -> Result<RawItems, Unreadable> {
    let Document { fields, items, faults } = json_document(response, names)?;
    let beside = Value::Object(fields);
    let posting = |job: Fields<'_>| posting(Fields(&beside), job);
    let items = match items {
        Some(items) => items,
        None => vec![alone(&beside, faults.first(), names, &posting)?],
    };
    let mut postings = Vec::new();
    let mut problems = faults;
    for (index, item) in items.iter().enumerate() {
        let place = format!("item {index}");
        match posting(Fields(item)) {
            Ok(Some(raw)) => postings.push((place, raw)),
            Ok(None) => {}
            Err(what) => problems.push(Problem { place, what }),
        }
    }
    Ok((postings, problems))
}

/// An object without the list: one posting, or what the board says instead.
fn alone(
    object: &Value,
    fault: Option<&Problem>,
    names: &[&str],
    posting: &impl Fn(Fields<'_>) -> Result<Option<RawPosting>, String>,
) -> Result<Value, Unreadable> {
    if posting(Fields(object)).is_ok_and(|posting| posting.is_some()) {
        return Ok(object.clone());
    }
    let said =
        ["error", "message", "errorMessage"].iter().find_map(|name| Fields(object).text(name));
    Err(Unreadable::Format(match (said, fault) {
        (Some(said), _) => format!("the board says: {said:.200}"),
        (None, Some(fault)) => format!("cut off before any posting: {fault}"),
        (None, None) => format!("an object without {}", names.join(" or ")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_however_they_are_written() {
        let value = serde_json::json!({
            "a": {"b": " x "}, "n": "90000", "z": 0, "list": ["p", 3, "q"], "one": "p",
            "objects": [{"name": "r"}, {"name": ""}], "id": 7,
        });
        let fields = Fields(&value);
        assert_eq!(fields.text("a.b"), Some("x"));
        assert_eq!((fields.amount("n"), fields.amount("z")), (Some(Decimal::from(90_000)), None));
        assert_eq!(fields.texts("list"), ["p", "q"]);
        assert_eq!(
            (fields.texts("one"), fields.id("id")),
            (vec!["p".to_owned()], Some("7".into()))
        );
        assert_eq!(fields.texts_of("objects", "name"), ["r"]);
        assert_eq!(place([Some("Leeds"), None, Some("Leeds"), Some("UK")]).unwrap(), "Leeds, UK");
    }

    #[test]
    fn a_country_is_added_where_the_place_does_not_name_it() {
        for (place, country, want) in [
            ("Arlington, TX", "US", "Arlington, TX, United States"),
            ("Remote (UK)", "GB", "Remote (UK)"),
            ("Leeds", "United Kingdom", "Leeds, United Kingdom"),
            ("Kiel, Germany", "de", "Kiel, Germany"),
            ("Singapore", "SG", "Singapore"),
            ("Office", "Nowhereland", "Office, Nowhereland"),
        ] {
            assert_eq!(in_country(Some(place.to_owned()), Some(country)).unwrap(), want);
        }
        assert_eq!(in_country(None, Some("FR")).unwrap(), "France");
        assert_eq!(in_country(Some("Kiel".to_owned()), None).unwrap(), "Kiel");
    }

    #[test]
    fn what_is_no_board_says_why() {
        let refused = |body: &str| {
            let response = Response { body: body.as_bytes(), content_type: None };
            let none = |_: Fields<'_>| Err("no title".to_owned());
            json_board(response, &["jobs"], none).unwrap_err().to_string()
        };
        assert_eq!(refused(r#"{"ok":false,"error":"Not found"}"#), "the board says: Not found");
        assert_eq!(refused("{}"), "an object without jobs");
        assert!(refused(r#"{"jobs"#).starts_with("cut off before any posting"));
        assert!(refused("<html>").contains("web page"));
    }
}
