//! Real recorded responses, where `EARLYBRD_RECORDED` says they lie. CI always sets it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use earlybrd::boards::{self, ReadBoard, Response, Unreadable};
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::posting::{Posting, Remote};
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
    let zone = Tz::UTC;
    let board = BoardContext { slug: "recorded", company: None, base: None, zone, at: None };
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

/// How many postings each file holds, and how many of them state their company, place, pay and date.
#[test]
fn every_recorded_board_is_read_whole() {
    let Some(folder) = folder() else { return };
    for (kind, name, want) in [
        (BoardKind::Arbeitnow, "arbeitnow/job_board_api_2026-09_trimmed.json", [2, 2, 2, 0, 2]),
        (BoardKind::Ashby, "ashby/posting_ashby_board.json", [1, 0, 1, 0, 1]),
        (BoardKind::Ashby, "shapes/openroles/ashby.json", [1, 0, 1, 1, 1]),
        (BoardKind::Himalayas, "himalayas/jobs_api_2026-07-11_trimmed.json", [4, 4, 4, 2, 4]),
        (BoardKind::Jobicy, "jobicy/api_2024-12-05_0.json", [8, 8, 8, 4, 8]),
        (BoardKind::Jobicy, "jobicy/api_2024-12-08_0.json", [20, 20, 20, 8, 20]),
        (BoardKind::Jobicy, "jobicy/api_2026-07-10_trimmed.json", [3, 3, 3, 1, 3]),
        (BoardKind::Larajobs, "larajobs/feed_2025-10-01_one_item.rss", [1, 1, 1, 1, 1]),
        (BoardKind::Lever, "lever/posting_leverdemo.json", [1, 0, 1, 0, 1]),
        (BoardKind::Lever, "shapes/openroles/lever.json", [1, 0, 1, 1, 1]),
        (BoardKind::Personio, "shapes/openroles/personio.xml", [2, 0, 2, 0, 2]),
        (BoardKind::Recruitee, "recruitee/offer_2026-08-20.json", [1, 1, 1, 1, 1]),
        (BoardKind::Recruitee, "shapes/openroles/recruitee.json", [1, 0, 1, 1, 1]),
        (BoardKind::Remotive, "remotive/api_2026-10-02_trimmed.json", [3, 3, 3, 1, 3]),
        (BoardKind::Rippling, "shapes/openroles/rippling_job.json", [1, 0, 1, 1, 1]),
        (BoardKind::Rippling, "shapes/openroles/rippling_list.json", [2, 0, 2, 0, 0]),
        (BoardKind::Smartrecruiters, "smartrecruiters/posting_2026-08-12.json", [1, 1, 1, 0, 1]),
        (BoardKind::Teamtailor, "teamtailor/upcloud_2026-09.rss", [2, 2, 2, 0, 2]),
        (BoardKind::Teamtailor, "shapes/openroles/teamtailor.xml", [2, 2, 2, 0, 2]),
        (
            BoardKind::Weworkremotely,
            "weworkremotely/remote-jobs_2026-07-11_trimmed.rss",
            [3, 3, 3, 0, 3],
        ),
        (BoardKind::Workable, "shapes/boardwatch/workable/normal.json", [5, 5, 5, 0, 5]),
        (BoardKind::Workable, "shapes/boardwatch/workable/empty.json", [0, 0, 0, 0, 0]),
        (BoardKind::Workable, "shapes/openroles/workable.json", [2, 2, 2, 0, 2]),
        (BoardKind::Workday, "shapes/boardwatch/workday/list_normal.json", [3, 0, 2, 0, 0]),
        (BoardKind::Workday, "shapes/boardwatch/workday/list_page_full.json", [20, 0, 20, 0, 0]),
        (BoardKind::Workday, "shapes/boardwatch/workday/list_empty.json", [0, 0, 0, 0, 0]),
        (BoardKind::Workday, "shapes/boardwatch/workday/detail_normal.json", [1, 0, 1, 0, 1]),
        (
            BoardKind::Workingnomads,
            "workingnomads/exposed_jobs_2026-07-10_trimmed.json",
            [4, 4, 4, 0, 4],
        ),
    ] {
        let read = read(kind, &folder.join(name)).unwrap();
        assert_eq!(read.problems, [], "{name}");
        let count =
            |known: fn(&Posting) -> bool| read.postings.iter().filter(|it| known(it)).count();
        let found = [
            read.postings.len(),
            count(|it| it.company.is_some()),
            count(|it| it.location.is_some()),
            count(|it| it.pay.is_some()),
            count(|it| it.posted_at.is_some()),
        ];
        assert_eq!(found, want, "{name}: postings, companies, places, pay, dates");
        for posting in &read.postings {
            let text = format!("{} {}", posting.title, posting.body);
            for trace in ["&lt;", "&amp;", "<p>", "<div", "style=", "â€", "Ã©"] {
                assert!(!text.contains(trace), "{trace:?} in {name}");
            }
        }
    }
}

/// What a board states beside the name of a place is not lost.
#[test]
fn the_countries_that_recorded_boards_state_are_read() {
    let Some(folder) = folder() else { return };
    for (kind, name, want) in [
        (BoardKind::Lever, "lever/posting_leverdemo.json", "Arlington, TX, United States"),
        (BoardKind::Ashby, "shapes/openroles/ashby.json", "Remote, United Kingdom"),
        (BoardKind::Rippling, "shapes/openroles/rippling_list.json", "Leeds, United Kingdom"),
        (BoardKind::Workday, "shapes/boardwatch/workday/list_normal.json", "Remote, USA"),
        (BoardKind::Workday, "shapes/openroles/workday_job.json", "Leeds, United Kingdom"),
    ] {
        let read = read(kind, &folder.join(name)).unwrap();
        let place = read.postings[0].location.as_deref().unwrap_or_default();
        assert!(place.starts_with(want), "{name}: {place}");
    }
    let himalayas = folder.join("himalayas/jobs_api_2026-07-11_trimmed.json");
    let read = read(BoardKind::Himalayas, &himalayas).unwrap();
    let zones: Vec<String> =
        read.postings.iter().filter_map(|it| Some(it.facts.zones?.to_string())).collect();
    assert_eq!(zones, ["UTC−10…UTC−5", "UTC+8", "UTC+2", "UTC−10…UTC−3:30"]);
}

#[test]
fn a_job_that_leads_to_another_site_is_reported() {
    let Some(folder) = folder() else { return };
    let read = read(BoardKind::Workday, &folder.join("shapes/openroles/workday_list.json"));
    let read = read.unwrap();
    assert_eq!((read.postings.len(), read.problems.len()), (2, 1));
    assert!(read.problems[0].to_string().contains("leads elsewhere"));
}

#[test]
fn companies_that_do_not_exist_are_failures_that_say_why() {
    let Some(folder) = folder() else { return };
    for (kind, name, want) in [
        (BoardKind::Workable, "shapes/boardwatch/workable/dead_404.json", "Not found"),
        (BoardKind::Workday, "shapes/boardwatch/workday/dead_s21.json", "not found: Job_Posting"),
    ] {
        let error = read(kind, &folder.join(name)).unwrap_err().to_string();
        assert!(error.contains(want), "{name}: {error}");
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

/// Every file below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

#[test]
fn every_recorded_file_read_as_any_kind_is_clean_or_an_error_and_no_panic() {
    let Some(folder) = folder() else { return };
    let files = files_in(&folder);
    assert!(files.len() > 40, "{}", files.len());
    for file in files {
        for kind in BoardKind::ALL {
            let name = file.display();
            match read(*kind, &file) {
                Err(error) => assert!(error.to_string().len() < 500, "{name}"),
                Ok(read) => {
                    for posting in read.postings {
                        assert!(!posting.title.trim().is_empty(), "{name} as {kind}");
                        let text = format!("{}{}", posting.title, posting.body);
                        assert!(!text.contains('\0') && posting.body.len() <= 65_536, "{name}");
                        let link = posting.url.as_deref().unwrap_or("http");
                        assert!(link.starts_with("http"), "{name} as {kind}: {link}");
                    }
                    for problem in read.problems {
                        assert!(!problem.what.is_empty() && problem.what.len() < 500, "{name}");
                    }
                }
            }
        }
    }
}
