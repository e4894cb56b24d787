//! Documents that declare more than they say: nothing is expanded, read from a file or fetched.

use earlybrd::boards::{self, Response};
use earlybrd::domain::board::BoardKind;
use earlybrd::normalize::BoardContext;

use crate::fakes::raw::Trap;

/// What a file on this machine holds.
const SECRET: &str = "root-of-all-secrets";

/// The kinds that are XML, and a document of each, around a posting with a text in every field.
const KINDS: &[(BoardKind, &str)] = &[
    (
        BoardKind::Feed,
        "<rss version=\"2.0\"><channel><title>{}</title><item><guid>1</guid><title>Cook {}</title>\
         <description>{}</description></item></channel></rss>",
    ),
    (
        BoardKind::Feed,
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>{}</title><entry><id>1</id>\
         <title>Cook {}</title><summary>{}</summary></entry></feed>",
    ),
    (
        BoardKind::Personio,
        "<workzag-jobs><position><id>1</id><office>{}</office><name>Cook {}</name>\
         <jobDescriptions><jobDescription><name>{}</name><value>{}</value></jobDescription>\
         </jobDescriptions></position></workzag-jobs>",
    ),
    (
        BoardKind::Teamtailor,
        "<rss><channel><title>{}</title><item><guid>1</guid><title>Cook {}</title>\
         <description>{}</description></item></channel></rss>",
    ),
    (
        BoardKind::Weworkremotely,
        "<rss><channel><title>{}</title><item><guid>1</guid><title>Acme: Cook {}</title>\
         <description>{}</description></item></channel></rss>",
    ),
    (
        BoardKind::Larajobs,
        "<rss><channel><title>{}</title><item><guid>1</guid><title>Cook {}</title>\
         <description>{}</description></item></channel></rss>",
    ),
];

/// All that is read of a document of each kind with these declarations and this text.
fn read(declarations: &str, text: &str) -> Vec<String> {
    let context = BoardContext {
        slug: "t",
        company: None,
        base: None,
        zone: "UTC".parse().expect("a zone"),
        at: None,
    };
    let read = |(kind, document): &(BoardKind, &str)| {
        let body = format!("<?xml version=\"1.0\"?>{declarations}{}", document.replace("{}", text));
        let response = Response { body: body.as_bytes(), content_type: None };
        match boards::read((*kind).into(), response, &context) {
            Ok(read) => serde_json::to_string(&read.postings).unwrap(),
            Err(why) => why.to_string(),
        }
    };
    KINDS.iter().map(read).collect()
}

#[test]
fn documents_without_declarations_are_read() {
    for read in read("", "&amp; Baker") {
        assert!(read.contains("Cook & Baker"), "{read}");
    }
}

#[test]
fn entities_that_multiply_are_not_expanded() {
    let mut declarations = "<!DOCTYPE x [<!ENTITY a0 \"laughs\">".to_owned();
    for level in 1..30 {
        let ten = format!("&a{};", level - 1).repeat(10);
        declarations.extend([&format!("<!ENTITY a{level} \""), &ten, "\">"]);
    }
    declarations.push_str("]>");
    for read in read(&declarations, "&a29;") {
        assert!(read.len() < 1_000 && !read.contains("laughs"), "{read}");
    }
    let long = "laughs".repeat(100_000);
    let quadratic = format!("<!DOCTYPE x [<!ENTITY a \"{long}\">]>");
    for read in read(&quadratic, &"&a;".repeat(1_000)) {
        assert!(read.len() < 20_000 && !read.contains("laughs"), "{}", read.len());
    }
}

#[test]
fn no_file_is_read_and_nothing_is_fetched() {
    let (trap, folder) = (Trap::set(), tempfile::tempdir().unwrap());
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).unwrap();
    let (file, url) = (format!("file://{}", path.display()), trap.url());
    for (declarations, text) in [
        (format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"{file}\">]>"), "&a;"),
        (format!("<!DOCTYPE x [<!ENTITY a PUBLIC \"b\" \"{file}\">]>"), "&a;"),
        (format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"{url}\">]>"), "&a;"),
        (format!("<!DOCTYPE x SYSTEM \"{url}x.dtd\">"), "&a;"),
        (format!("<!DOCTYPE x PUBLIC \"-//x\" \"{url}x.dtd\" []>"), "&a;"),
        (format!("<!DOCTYPE x [<!ENTITY % a SYSTEM \"{url}\"> %a; %b;]>"), "&c;"),
        (format!("<!DOCTYPE x [<!ENTITY % a SYSTEM \"{file}\"><!ENTITY b \"%a;\">]>"), "&b;"),
        (format!("<?xml-stylesheet href=\"{url}\"?>"), "a"),
        (String::new(), "<xi:include href=\"FILE\" parse=\"text\"/>"),
    ] {
        for read in read(&declarations, &text.replace("FILE", &file)) {
            assert!(!read.contains(SECRET), "{declarations}: {read}");
        }
    }
    assert_eq!(trap.caught(), 0);
}
