//! Real recorded responses, where `EARLYBRD_RECORDED` says they lie. CI always sets it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::FixedOffset;
use earlybrd::boards::{self, ReadBoard, Response, Unreadable};
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::posting::Remote;
use earlybrd::normalize::BoardContext;

use crate::server::setting;

/// `None`, said aloud, when there are no recordings and this is not CI.
fn folder() -> Option<PathBuf> {
    let folder = setting("EARLYBRD_RECORDED").map(PathBuf::from);
    if folder.is_none() {
        assert!(setting("CI").is_none(), "CI must set EARLYBRD_RECORDED");
        #[expect(clippy::print_stderr, reason = "the reader of the test's output should know")]
        {
            eprintln!("not tested: EARLYBRD_RECORDED is not set");
        }
    }
    folder
}

fn read(kind: BoardKind, path: &Path) -> Result<ReadBoard, Unreadable> {
    let body = fs::read(path).unwrap();
    let zone = FixedOffset::east_opt(0).unwrap();
    let board = BoardContext { slug: "recorded", base: None, zone };
    boards::read(kind.into(), Response { body: &body, content_type: None }, &board)
}

#[test]
fn remoteok_is_read_whole() {
    let Some(folder) = folder() else { return };
    for name in ["api_2024-12-04_odd_half.json", "api_2026-10-03_trimmed.json"] {
        let path = folder.join("remoteok").join(name);
        let read = read(BoardKind::Remoteok, &path).unwrap();
        let items: Vec<serde_json::Value> =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read.problems, []);
        assert_eq!(read.postings.len(), items.len() - 1, "all but the notice");
        for posting in &read.postings {
            assert!(posting.posted_at.is_some() && posting.url.is_some());
            assert_eq!(posting.remote, Some(Remote::Yes));
            let text = format!("{} {}", posting.title, posting.body);
            for trace in ["Please mention the word", "â€", "Ã©", "&amp;", "<p>", "\u{0}"] {
                assert!(!text.contains(trace), "{trace:?} in {}", posting.title);
            }
        }
    }
}

#[test]
fn recorded_feeds_are_read_whole() {
    let Some(folder) = folder() else { return };
    for name in [
        "weworkremotely/remote-jobs_2026-07-11_trimmed.rss",
        "larajobs/feed_2025-10-01_one_item.rss",
        "teamtailor/upcloud_2026-09.rss",
    ] {
        let path = folder.join(name);
        let items = fs::read_to_string(&path).unwrap().matches("<item>").count();
        let read = read(BoardKind::Feed, &path).unwrap();
        assert_eq!(read.problems, [], "{name}");
        assert_eq!(read.postings.len(), items, "{name}");
        for posting in &read.postings {
            assert!(posting.posted_at.is_some() && posting.url.is_some(), "{name}");
            assert!(posting.identity.strongest().starts_with("guid:"), "{name}");
        }
    }
}

#[test]
fn greenhouse_is_read_whole() {
    let Some(folder) = folder() else { return };
    for (name, jobs) in
        [("greenhouse/job_stripe_2026-08-19.json", 1), ("shapes/openroles/greenhouse.json", 2)]
    {
        let read = read(BoardKind::Greenhouse, &folder.join(name)).unwrap();
        assert_eq!(
            (read.postings.len(), read.problems.as_slice()),
            (jobs, [].as_slice()),
            "{name}"
        );
        for posting in &read.postings {
            assert!(posting.posted_at.is_some() && posting.url.is_some(), "{name}");
            assert!(posting.location.is_some() && posting.pay.is_none(), "{name}");
            assert!(posting.identity.strongest().starts_with("guid:"), "{name}");
            for trace in ["&lt;", "&amp;", "<p>", "style="] {
                assert!(!posting.body.contains(trace), "{trace:?} in {name}");
            }
        }
    }
}

#[test]
fn who_is_hiring_is_read_without_its_replies() {
    let Some(folder) = folder() else { return };
    let path = folder.join("hn_whoishiring/algolia_2026-07_trimmed.json");
    let read = read(BoardKind::Hackernews, &path).unwrap();
    assert_eq!(read.problems, []);
    let found: Vec<(&str, Option<&str>, Option<&str>)> = read
        .postings
        .iter()
        .map(|it| (it.title.as_str(), it.company.as_deref(), it.location.as_deref()))
        .collect();
    let want = [
        ("Developer Advocate | Technical Customer Support Specialist", Some("Qase"), None),
        ("On-Premises SRE", Some("Wave"), Some("Remote (EMEA)")),
        ("Senior Frontend Engineer", Some("Zeitlabs"), Some("Remote (UTC+3)")),
        ("Senior Product Engineer", Some("Trinsic"), Some("REMOTE (Europe)")),
        ("Senior Software Engineer, Frontend", Some("ResortPass"), Some("New York, NY")),
        ("This Dot Labs Open roles: • Engineering Leads • Senior Engineers", None, None),
    ];
    assert_eq!(found, want);
    let remote: Vec<Option<Remote>> = read.postings.iter().map(|it| it.remote).collect();
    let (yes, no) = (Some(Remote::Yes), Some(Remote::No));
    assert_eq!(remote, [yes, yes, yes, yes, no, None]);
    let pay = |at: usize| read.postings[at].pay.as_ref().map(ToString::to_string);
    assert_eq!(pay(1).as_deref(), Some("up to $185,500/yr"));
    assert_eq!(pay(4).as_deref(), Some("$160–180k/yr"));
}

#[test]
fn feeds_that_kill_the_parser_do_not_kill_the_reader() {
    let Some(folder) = folder() else { return };
    let mut count = 0;
    for entry in fs::read_dir(folder.join("feed-killers")).unwrap().map(Result::unwrap) {
        // Either is well: what counts is that it comes back.
        match read(BoardKind::Feed, &entry.path()) {
            Ok(read) => assert!(read.postings.len() + read.problems.len() > 0),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        count += 1;
    }
    assert!(count >= 5);
}

#[test]
fn every_recorded_file_read_as_the_wrong_kind_is_an_error_not_a_panic() {
    let Some(folder) = folder() else { return };
    for board in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        let files = fs::read_dir(board.path()).into_iter().flatten().filter_map(Result::ok);
        for file in files.filter(|file| file.path().is_file()) {
            for kind in BoardKind::ALL {
                if let Err(error) = read(kind, &file.path()) {
                    assert!(error.to_string().len() < 500, "{}", file.path().display());
                }
            }
        }
    }
}
