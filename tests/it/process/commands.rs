//! The commands for operators and scripts: results on standard output, trouble on standard error.

use serde_json::{Value, json};

use super::binary::{Ended, Home, until};
use crate::fakes::board::{FakeBoard, Item, feed};
use crate::fakes::smtp::{FakeSmtp, Setup};

async fn run(arguments: &[&str], input: &str) -> Ended {
    Home::new().start_with(arguments, input).wait().await
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_prints_postings_and_filter_match_reads_them() {
    let items = [
        Item {
            link: "https://x.example/1?utm_source=a",
            body: "<p>Pay: €90k - €100k a year</p>",
            ..Item::titled("Remote Rust Engineer")
        },
        Item::titled("Cook"),
    ];
    let read = run(&["boards", "read", "--kind", "feed", "-"], &feed(&items)).await;
    assert!(read.success, "{}", read.stderr);
    let first: Value = serde_json::from_str(read.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["url"], "https://x.example/1");
    assert_eq!(first["remote"], "yes");
    assert_eq!(first["pay"]["max"], 100_000.0);

    let matched = run(&["filter", "match", "remote rust pay>=80k"], &read.stdout).await;
    assert!(matched.success && matched.stdout.lines().count() == 1, "{}", matched.stdout);
    let explained = run(&["filter", "match", "rust OR cook", "--explain"], &read.stdout).await;
    assert_eq!(explained.stdout.lines().count(), 2);
    for line in explained.stdout.lines() {
        let posting: Value = serde_json::from_str(line).unwrap();
        assert!(!posting["explain"].as_array().unwrap().is_empty(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_generate_prints_a_key_that_the_setting_takes() {
    let made = run(&["keys", "generate"], "").await;
    assert!(made.success && made.stdout.lines().count() == 1, "{}", made.stderr);
    let home = Home::new().setting("EARLYBRD_KEYS", made.stdout.trim());
    let again = home.start(&["keys", "generate"]).wait().await;
    assert!(again.success && again.stdout != made.stdout, "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_preview_writes_mails_and_says_where() {
    let home = Home::new();
    let one = home.start(&["mail", "preview", "card"]).wait().await;
    assert!(one.success, "{}", one.stderr);
    assert_eq!(one.stdout, "./card.eml\n./card.html\n./card.txt\n");
    let mail = std::fs::read_to_string(home.folder().join("card.eml")).unwrap();
    assert!(mail.contains("\r\nList-Unsubscribe: <https://"), "{mail}");
    let folder = home.folder().join("mails");
    let all = home.start(&["mail", "preview", "--out", folder.to_str().unwrap()]).wait().await;
    assert!(all.success && all.stdout.contains("payment-failed.html"), "{}", all.stderr);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_fetches_an_address() {
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let read = run(&["boards", "read", "--kind", "rss", board.url.as_str()], "").await;
    assert!(read.success && read.stdout.contains("Cook"), "{}", read.stderr);
    board.status(404, &[]);
    let read = run(&["boards", "read", "--kind", "rss", board.url.as_str()], "").await;
    assert!(!read.success && read.stderr.contains("404"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_items_are_named_and_good_ones_still_printed() {
    let body = r#"[{"legal":"x"},{"id":"1","position":"Rust"},{"id":"2"},{"id":"3","position":"Go"#;
    let read = run(&["boards", "read", "--kind", "remoteok", "-"], body).await;
    assert!(!read.success);
    assert_eq!(read.stdout.lines().count(), 1);
    assert!(read.stderr.contains("item 2: no position"), "{}", read.stderr);
    assert!(read.stderr.contains("after item 3"), "{}", read.stderr);
    for (kind, input, want) in [
        ("fax", "", "there are: arbeitnow, ashby, feed, greenhouse"),
        ("feed", "", "the response is empty"),
        ("feed", "{}", "not a JSON feed"),
        ("feed", "x", "not an RSS or Atom feed"),
        ("remoteok", "<html></html>", "expected a JSON array"),
    ] {
        let read = run(&["boards", "read", "--kind", kind, "-"], input).await;
        assert!(!read.success && read.stdout.is_empty(), "{kind}");
        assert!(read.stderr.contains(want), "{}", read.stderr);
    }
    let read = run(&["boards", "read", "--kind", "feed", "/no/such/file"], "").await;
    assert!(!read.success && read.stderr.contains("/no/such/file"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_adds_to_a_file_what_only_its_service_knows() {
    let read = async |kind: &str, arguments: &[&str], input: &str| {
        let arguments = [&["boards", "read", "--kind", kind], arguments, &["-"]].concat();
        let read = run(&arguments, input).await;
        assert!(read.success, "{}", read.stderr);
        serde_json::from_str::<Value>(&read.stdout).unwrap()
    };
    let personio = "<workzag-jobs><position><id>7</id><name>Cook</name></position></workzag-jobs>";
    let job = read("personio", &["--url", "https://acme.jobs.personio.de/xml"], personio).await;
    assert_eq!(job["url"], "https://acme.jobs.personio.de/job/7");
    assert_eq!(job["company"], "Acme");
    let workday = r#"{"jobPostings": [{"title": "Cook", "externalPath": "/job/x/Cook_R1",
                                       "postedOn": "Posted Today"}]}"#;
    let job = read("workday", &["--company", "Acme Inc"], workday).await;
    assert_eq!(job["company"], "Acme Inc");
    assert!(job["posted_at"].is_string(), "{job}");
    let lever =
        r#"[{"id": "1", "text": "Cook", "hostedUrl": "https://jobs.lever.co/acme-labs/1"}]"#;
    assert_eq!(read("lever", &[], lever).await["company"], "Acme Labs");
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_reads_all_pages_of_an_address_or_says_that_there_are_more() {
    let board = FakeBoard::start().await;
    let page = |guid: &str, total: u32| {
        let head = json!({"offset": 0, "limit": 1, "totalFound": total});
        let mut page = head.as_object().unwrap().clone();
        page.insert("content".to_owned(), json!([{"id": guid, "name": format!("Cook {guid}")}]));
        Value::Object(page).to_string()
    };
    board.body_at("offset=1", page("2", 2).replace("\"offset\":0", "\"offset\":1"));
    board.body(page("1", 2));
    let url = board.url.join("/v1/companies/acme/postings?limit=1").unwrap();
    let arguments = ["boards", "read", "--kind", "smartrecruiters", url.as_str()];
    let read = run(&arguments, "").await;
    assert!(read.success && read.stdout.lines().count() == 2, "{}", read.stderr);
    board.body(page("1", 3));
    let read = run(&arguments, "").await;
    assert!(read.stderr.contains("there are more postings than these 2"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_reads_a_web_page_by_a_file_of_rules() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.toml", "item = 'li'\ntitle = 'b'\nlink = 'a@href'\n");
    let page = "<ul><li><b>Cook</b><a href='/1'>x</a></ul>";
    let board = FakeBoard::start().await;
    board.body(page);
    let read = async |kind: &str, rules: &[&str], source: &str, input: &str| {
        run(&[&["boards", "read", "--kind", kind], rules, &[source]].concat(), input).await
    };
    let ended = read("html", &["--rules", &good], board.url.as_str(), "").await;
    assert!(ended.success, "{}", ended.stderr);
    let posting: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(posting["url"], board.url.join("/1").unwrap().as_str());
    let wrong = file("wrong.toml", "item = 'li'\ntitle = 'b['\n");
    let other = file("other.toml", "item = 'li'\ntitle = 'b'\ntitel = 'b'\n");
    for (kind, rules, input, want) in [
        ("html", vec![], page, "needs rules"),
        ("feed", vec!["--rules", &good], page, "without rules"),
        ("html", vec!["--rules", &wrong], page, "the rule for title is not a CSS selector"),
        ("html", vec!["--rules", &other], page, "titel"),
        ("html", vec!["--rules", "/no/such/rules"], page, "/no/such/rules"),
        ("html", vec!["--rules", &good], "<p>Moved", "has changed"),
        ("html", vec!["--rules", &good], "", "the response is empty"),
    ] {
        let ended = read(kind, &rules, "-", input).await;
        assert!(!ended.success && ended.stdout.is_empty(), "{want}");
        assert!(ended.stderr.contains(want), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_goes_on_to_the_address_that_a_first_response_names() {
    let board = FakeBoard::start().await;
    let stories = r#"{"hits":[{"objectID":"7","title":"Ask HN: Who is hiring? (May 2031)"}]}"#;
    board.body(stories);
    board.body_at(
        "tags=comment,story_7&",
        r#"{"hits":[{"objectID":"8","parent_id":7,"story_id":7,"comment_text":"Acme | Cook"}]}"#,
    );
    let read = run(&["boards", "read", "--kind", "hackernews", board.url.as_str()], "").await;
    assert!(read.success && read.stdout.contains("Cook"), "{}", read.stderr);
    let read = run(&["boards", "read", "--kind", "hackernews", "-"], stories).await;
    assert!(!read.success && read.stderr.contains("a list of stories"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_detect_goes_from_a_page_to_its_feed_and_shows_what_is_there() {
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook"), Item::titled("Baker")]);
    let link = "<link rel=alternate type=application/rss+xml href=/jobs.xml>";
    board.body_at("/careers", format!("<!doctype html><title>Acme</title>{link}"));
    board.body_at("/empty", "<!doctype html><title>Nothing here</title>");
    let at = |path: &str| board.url.join(path).unwrap().to_string();
    let found = run(&["boards", "detect", &at("/careers")], "").await;
    assert!(found.success, "{}", found.stderr);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let jobs = at("/jobs.xml");
    assert_eq!((&found["kind"], &found["url"]), (&json!("feed"), &json!(jobs)));
    assert_eq!((&found["postings"], &found["first"][1]["title"]), (&json!(2), &json!("Baker")));
    let empty = at("/empty");
    for (address, want) in [
        (empty.as_str(), "Nothing here"),
        ("ftp://127.0.0.1/", "http or https"),
        ("http://127.0.0.1:9/", "cannot be reached"),
        ("not an address", "not an address"),
    ] {
        let found = run(&["boards", "detect", address], "").await;
        assert!(!found.success && found.stdout.is_empty(), "{address}");
        assert!(found.stderr.contains(want), "{}", found.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_check_prints_the_canonical_form_or_a_caret() {
    let good = run(&["filter", "check", "Rust  AND_NOT"], "").await;
    assert!(good.success, "{}", good.stderr);
    let good = run(&["filter", "check", "(Rust | go) -php pay>=80k"], "").await;
    assert_eq!(good.stdout.trim(), "(rust OR go) -php pay>=$80k/yr");
    let bad = run(&["filter", "check", "rust titel:go"], "").await;
    assert!(!bad.success && bad.stdout.is_empty());
    assert!(bad.stderr.contains("title:"), "{}", bad.stderr);
    let caret = bad.stderr.lines().find(|line| line.trim() == "^").unwrap();
    assert_eq!(caret.find('^'), Some(5), "{}", bad.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_posting_is_named_and_passed_over() {
    let input = "{\"title\":\"Rust\"}\nnonsense\n\n{\"no\":\"title\"}\n{\"title\":\"Rust 2\"}\n";
    let matched = run(&["filter", "match", "rust"], input).await;
    assert!(!matched.success);
    assert_eq!(matched.stdout.lines().count(), 2);
    assert!(matched.stderr.contains("line 2") && matched.stderr.contains("line 4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_serve_needs_and_fails_if_it_could_not_run() {
    let board = FakeBoard::start().await;
    let database = crate::server::TestDatabase::empty().await;
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    let well = home.start(&["doctor"]).wait().await;
    assert!(well.success, "{}", well.stdout);
    for part in ["DATABASE_URL is set", "migrations are missing", "board Fake: answers", "can run"]
    {
        assert!(well.stdout.contains(part), "{part}: {}", well.stdout);
    }
    let home = Home::new().setting("DATABASE_URL", "postgres://nobody@127.0.0.1:9/none");
    let ill = home.start(&["doctor"]).wait().await;
    assert!(!ill.success);
    assert!(ill.stdout.contains("FAIL  DATABASE_URL: cannot be used"), "{}", ill.stdout);
    assert!(!ill.stdout.contains("nobody@"), "no secrets: {}", ill.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_logs_in_to_the_mail_server_and_sends_nothing() {
    let setup = Setup { login: Some(("ada", "right")), ..Setup::default() };
    let fake = FakeSmtp::start(setup).await;
    let keys = run(&["keys", "generate"], "").await.stdout;
    let doctor = async |password: &str| {
        let url = format!("smtp://ada:{password}@localhost:{}", fake.port);
        let home = Home::new()
            .setting("EARLYBRD_MAIL_URL", &url)
            .setting("EARLYBRD_MAIL_FROM", "alerts@example.com")
            .setting("EARLYBRD_PUBLIC_URL", "https://example.com")
            .setting("EARLYBRD_KEYS", keys.trim());
        home.start(&["doctor"]).wait().await
    };
    let well = doctor("right").await;
    let takes = format!("ok    mail: localhost:{} takes us", fake.port);
    assert!(well.success && well.stdout.contains(&takes), "{}", well.stdout);
    let ill = doctor("wrong").await;
    assert!(!ill.success && ill.stdout.contains("FAIL  mail: login: 535"), "{}", ill.stdout);
    assert!(fake.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_makes_nothing_and_is_content_beside_a_running_service() {
    let home = Home::new();
    let before = home.start(&["doctor"]).wait().await;
    assert!(before.success && before.stdout.contains("the first start makes"), "{}", before.stdout);
    assert!(!home.data().exists());
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let home =
        home.setting("EARLYBRD_LISTEN", &port.to_string()).setting("EARLYBRD_PLAYGROUND", "on");
    let serve = home.start(&["serve"]);
    until("the page", || std::net::TcpStream::connect(port).is_ok()).await;
    let beside = home.start(&["doctor"]).wait().await;
    assert!(beside.success, "{}", beside.stdout);
    assert!(beside.stdout.contains("is taken, most likely by that earlybrd"), "{}", beside.stdout);
    assert!(serve.terminate().await.success);
}

/// It leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_can_be_interrupted() {
    let home = Home::new();
    let bench = home.start(&["bench", "early", "--cards", "1000000"]);
    let folder = std::env::temp_dir().join(format!("earlybrd-bench-{}", bench.id()));
    until("a server", || folder.join("pgdata/postmaster.pid").exists()).await;
    let ended = bench.terminate().await;
    assert!(!ended.success && ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(!folder.exists());
}

/// The same pairs, whichever engine finds them, on the same data for the same seed.
#[tokio::test(flavor = "multi_thread")]
async fn the_index_and_brute_force_find_the_same_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut hashes = Vec::new();
    for (seed, options) in [("1", &["--dense"][..]), ("1", &["--dense"]), ("2", &["--fold"])] {
        let sizes = ["bench", "generate", "--filters", "120", "--postings", "12", "--seed", seed];
        let made = run(&[&sizes, options, &["--out", &path("")]].concat(), "").await;
        assert!(made.success, "{}", made.stderr);
        let (filters, postings) = (path("filters.jsonl"), path("postings.jsonl"));
        let files = ["--filters", &filters, "--postings", &postings, "--json"];
        for engine in ["index", "naive"] {
            let command = [&["bench", "matching"], &files[..], &["--engine", engine]].concat();
            let ended = run(&command, "").await;
            assert!(ended.success, "{}", ended.stderr);
            let figures: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert!(figures["matches_per_posting"].as_f64().unwrap() > 0.0, "{figures}");
            hashes.push(figures["hash"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(
        hashes[..4].iter().collect::<std::collections::BTreeSet<_>>().len(),
        1,
        "{hashes:?}"
    );
    assert_eq!(hashes[4], hashes[5]);
    assert_ne!(hashes[0], hashes[4]);
    let wrong = path("wrong.jsonl");
    std::fs::write(&wrong, "{\"id\": 7, \"filter\": \"titel:x\"}\n").unwrap();
    let postings = path("postings.jsonl");
    let ended = run(&["bench", "matching", "--filters", &wrong, "--postings", &postings], "").await;
    assert!(!ended.success && ended.stderr.contains("filter 7: titel:x"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_lists_what_was_not_sent() {
    let database = crate::server::TestDatabase::new().await;
    let pool = earlybrd::db::connect(&database.url(), 1).await.unwrap();
    let samples: String = ["0001", "0002", "0003", "0004", "0005"]
        .map(|number| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/samples/");
            std::fs::read_to_string(format!("{folder}{number}.sql")).unwrap()
        })
        .concat();
    sqlx::raw_sql(sqlx::AssertSqlSafe(samples)).execute(&pool).await.unwrap();
    let listed = Home::new().with_database(&database.url()).start(&["deliveries"]).wait().await;
    assert!(listed.success, "{}", listed.stderr);
    let lines: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["state"], &lines[0]["titles"][0]), (&"stuck".into(), &"Cook".into()));
    assert!(listed.stderr.contains("0 owed, 1 stuck, 0 dead"), "{}", listed.stderr);
    let update = "UPDATE deliveries SET state = 'dead', settled_at = created_at WHERE id = 2";
    sqlx::query(update).execute(&pool).await.unwrap();
    let home = Home::new().with_database(&database.url());
    let wrong = home.start(&["deliveries", "retry", "1", "77"]).wait().await;
    assert!(!wrong.success && wrong.stderr.contains("not dead, or not there: 1, 77"));
    assert!(!home.start(&["deliveries", "retry"]).wait().await.success);
    let again = Home::new().with_database(&database.url());
    let again = again.start(&["deliveries", "retry", "2"]).wait().await;
    assert_eq!((again.success, again.stdout.as_str()), (true, "2\n"), "{}", again.stderr);
}
