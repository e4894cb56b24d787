//! Addresses that strangers choose: whatever leads inside is refused, in one text, and not dialled.

use earlybrd::http::{Refused, check_stranger_url};
use url::Url;

use crate::ask::{ask_as_stranger, fetcher, why};
use crate::fakes::raw::Trap;

/// Hosts that are inside however they are written.
const INNER: &[&str] = &[
    // IPv4, in all the ways that a browser reads.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0x7f.1",
    "127.0.0.1.",
    "127.0.0.0x",
    "127.255.255.254",
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0.0.0.0",
    "0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "0xa9fea9fe",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    // IPv6, and IPv4 within it.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::93.184.216.34]",
    "[64:ff9b:1::a00:1]",
    "[100::1]",
    "[2001::7f00:1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fdaa::3]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    // Names.
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "%6cocalhost",
    "www.localhost",
    "www.localhost.",
    "router",
    "router.",
    "nas.local",
    "earlybrd.internal",
    "metadata.google.internal",
    "METADATA.google.internal.",
    "internal",
    "printer.home.arpa",
    "wiki.intranet",
    "fritz.lan",
    // No names at all.
    "127.0.0.1..",
    "localhost..",
    "example..com",
    ".example.com",
];

/// Addresses that are wrong for another reason than their host.
const WRONG: &[&str] = &[
    "http://a@93.184.215.14/",
    "http://a:b@example.com/",
    "http://:b@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com:0/",
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:5432/",
    "http://example.com:6379/",
    "http://example.com:65535/",
    "https://93.184.215.14:8081/",
];

/// What is no address at all, and goes no further than whoever reads it.
const UNREADABLE: &[&str] = &[
    "http://[fe80::1%25lo]/",
    "http://[::1%lo]/",
    "http://[::ffff:127.0.0.1.]/",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
    "http:///",
    "http://exa mple.com/",
    "http://example.com:65536/",
    "//127.0.0.1/",
];

const SCHEMES: &[&str] = &[
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "ftp://127.0.0.1/",
    "ws://127.0.0.1/",
    "data:text/xml,<rss/>",
    "javascript:alert(1)",
    "unix:/run/docker.sock",
];

#[tokio::test]
async fn what_leads_inside_is_refused_in_one_text_and_never_dialled() {
    let (trap, fetcher) = (Trap::set(), fetcher());
    let port = trap.port;
    let mut rows: Vec<String> = WRONG.iter().map(|&url| url.to_owned()).collect();
    for host in INNER {
        let ways = ["http://{host}/", "https://{host}/", "http://{host}:8080/"];
        rows.extend(ways.map(|way| way.replace("{host}", host)));
        rows.push(format!("http://{host}:{port}/"));
    }
    for row in rows {
        let url: Url = row.parse().unwrap();
        assert_eq!(check_stranger_url(&url), Err(Refused::Address), "{row}");
        let why = why(ask_as_stranger(&fetcher, &url).await);
        assert_eq!(why, "this address can't be used", "{row}");
    }
    for row in SCHEMES {
        let url: Url = row.parse().unwrap();
        let why = why(ask_as_stranger(&fetcher, &url).await);
        assert_eq!(why, "only http and https addresses can be used", "{row}");
    }
    for row in UNREADABLE {
        assert_eq!(row.parse::<Url>().map(String::from).ok(), None, "{row}");
    }
    assert_eq!(trap.caught(), 0);
}
