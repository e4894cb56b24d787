//! What joins openings and what does not.

use super::fingerprint::{Fingerprint, Shown, Sketch};
use super::openings::Openings;

fn numbers(postings: &[(&str, &str, &str)]) -> Vec<usize> {
    let mut openings = Openings::default();
    let print = |(location, url, day): &(&str, &str, &str)| {
        Fingerprint::of(&Shown {
            company: Some("Acme GmbH"),
            title: "Rust Engineer",
            location: Some(location),
            url: Some(url),
            posted_at: format!("{day}T08:00:00Z").parse().ok(),
            sketch: None,
        })
    };
    postings.iter().map(|posting| openings.add(print(posting)).number).collect()
}

/// Numbers of postings of one company without dates: title, place, address.
fn undated(postings: &[(&str, &str, &str)]) -> Vec<usize> {
    let mut openings = Openings::default();
    let print = |(title, location, url): &(&str, &str, &str)| {
        Fingerprint::of(&Shown {
            company: Some("Acme"),
            title,
            location: Some(location),
            url: Some(url),
            ..Shown::default()
        })
    };
    postings.iter().map(|posting| openings.add(print(posting)).number).collect()
}

const ADS: [&str; 2] = [
    "https://boards.greenhouse.io/acme/jobs/5512301",
    "https://boards.greenhouse.io/acme/jobs/5512302",
];
const LINKEDIN: &str = "https://www.linkedin.com/jobs/view/4000000001";

#[test]
fn an_ad_is_the_same_job_whatever_it_says_now() {
    let edited = [
        ("Software Engineer", "Berlin", ADS[0]),
        ("Software Engineer", "Berlin", LINKEDIN),
        ("Platform Engineer", "Berlin", ADS[0]),
    ];
    assert_eq!(undated(&edited), [0, 0, 0]);
    let others = "https://www.linkedin.com/jobs/view/4000000002";
    let then = [edited[0], edited[2], ("Platform Engineer", "Berlin", others)];
    assert_eq!(undated(&then), [0, 0, 0], "what it said before says nothing against it");
}

#[test]
fn a_vague_posting_does_not_tie_two_ads_of_one_site() {
    let job = "Software Engineer";
    let postings = [
        (job, "New York, NY", ADS[0]),
        (job, "United States", LINKEDIN),
        (job, "Remote - US", ADS[1]),
    ];
    assert_eq!(undated(&postings), [0, 0, 1]);
}

#[test]
fn a_vague_posting_does_not_tie_two_cities() {
    let postings = [
        ("Berlin", "https://a.example/1", ""),
        ("Germany", "https://b.example/1", ""),
        ("Munich", "https://c.example/1", ""),
        ("Berlin, Germany", "https://d.example/1", ""),
    ];
    assert_eq!(numbers(&postings), [0, 0, 1, 0]);
}

#[test]
fn a_repost_counts_from_the_last_showing() {
    let ad = |n: u32| format!("https://boards.greenhouse.io/acme/jobs/{}", 5_512_300 + n);
    let urls: Vec<String> = (0..4).map(ad).collect();
    let days = ["2026-01-01", "2026-02-10", "2026-03-20", "2026-05-20"];
    let postings: Vec<(&str, &str, &str)> =
        urls.iter().zip(days).map(|(url, day)| ("Berlin", url.as_str(), day)).collect();
    assert_eq!(numbers(&postings), [0, 0, 0, 1]);
    let mut openings = Openings::default();
    let print = |url: &str, day: &str| {
        Fingerprint::of(&Shown {
            company: Some("Acme"),
            title: "Rust Engineer",
            location: Some("Berlin"),
            url: Some(url),
            posted_at: format!("{day}T08:00:00Z").parse().ok(),
            sketch: None,
        })
    };
    let first = openings.add(print(&ad(1), "2026-01-01"));
    let second = openings.add(print(&ad(2), "2026-03-01"));
    assert_eq!((first.again_of, second.again_of), (None, Some(0)));
}

#[test]
fn a_posting_may_show_that_two_openings_are_one() {
    let mut openings = Openings::default();
    let mut add = |title: &str, company: &str, url: &str, body: &str| {
        openings.add(Fingerprint::of(&Shown {
            company: Some(company),
            title,
            location: Some("Berlin"),
            url: Some(url),
            posted_at: None,
            sketch: Sketch::of(body),
        }))
    };
    let words: Vec<String> = (0..60).map(|n| format!("word{}", n * 7919 % 1009)).collect();
    let (body, ad) = (words.join(" "), "https://boards.greenhouse.io/acme/jobs/5512300");
    assert_eq!(add("Rust Engineer, Payments", "Acme", ad, "").number, 0);
    assert_eq!(add("Rust Engineer", "Acme", "https://a.example/x", &body).number, 1);
    let both = add("Rust Engineer", "Acme", ad, &body);
    assert!(!both.is_new);
    assert_eq!(both.also.len(), 1, "{both:?}");
}

#[test]
fn openings_that_turn_out_to_be_one_have_one_number() {
    let mut openings = Openings::folding();
    let words: Vec<String> = (0..60).map(|n| format!("word{}", n * 7919 % 1009)).collect();
    let sketch = Sketch::of(&words.join(" "));
    let mut add = |title: &str, url: &str, sketch| {
        openings.add(Fingerprint::of(&Shown {
            company: Some("Acme"),
            title,
            location: Some("Berlin"),
            url: Some(url),
            posted_at: None,
            sketch,
        }))
    };
    let numbers = [
        add("Rust Engineer, Payments", ADS[0], None).number,
        add("Rust Engineer", "https://a.example/x", sketch).number,
        add("Rust Engineer", ADS[0], sketch).number,
        add("Rust Engineer", LINKEDIN, None).number,
    ];
    assert_eq!(numbers[..2], [0, 1]);
    let now = numbers.map(|number| openings.current(number));
    assert_eq!(now, [now[0]; 4], "{numbers:?}");
}

#[test]
fn ads_side_by_side_are_two_openings() {
    let ad = |n: u32| format!("https://boards.greenhouse.io/acme/jobs/{}", 5_512_300 + n);
    let (one, other) = (ad(1), ad(2));
    let postings = [
        ("Berlin", one.as_str(), "2026-01-01"),
        ("Berlin", other.as_str(), "2026-01-01"),
        ("Berlin", one.as_str(), "2026-01-02"),
    ];
    assert_eq!(numbers(&postings), [0, 1, 0]);
}

#[test]
fn a_vague_posting_merges_no_two_cities() {
    let mut openings = Openings::live();
    let mut add = |title: &str, place: &str, url: &str| {
        openings.add(Fingerprint::of(&Shown {
            company: Some("Acme"),
            title,
            location: Some(place),
            url: Some(url),
            ..Shown::default()
        }))
    };
    let ad = "https://boards.greenhouse.io/acme/jobs/5512300";
    let vague = add("Rust Engineer", "Germany", ad);
    let berlin = add("Rust Engineer, Payments", "Berlin", "https://b.example/x");
    let munich = add("Rust Engineer, Payments", "Munich", "https://c.example/x");
    assert_eq!([vague.number, berlin.number, munich.number], [0, 1, 2]);
    // It is either of them, not both.
    let place = add("Rust Engineer, Payments", "Germany", ad);
    assert_eq!((place.number, place.also), (0, vec![1]));
    let after = ["Berlin", "Munich"]
        .map(|town| add("Rust Engineer, Payments", town, "https://d.example/x").number);
    assert_eq!(after, [0, 2]);
}
