//! Names whose owners answer as they like: what is dialled was looked up once and is public.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};

use earlybrd::http::{Refused, check_peer, for_operator, strangers};
use reqwest::Client;

use crate::ask::{ask_as_stranger, fetcher, install_crypto, why};
use crate::fakes::board::FakeBoard;
use crate::fakes::dns::{NameServer, Record};
use crate::fakes::raw::Trap;

const FETCHES: usize = 10_000;

const PUBLIC: &str = "93.184.215.14";

/// What a name's owner may answer, and whether it may be dialled.
const ANSWERS: &[(&[&str], bool)] = &[
    (&[PUBLIC], true),
    (&["127.0.0.1"], false),
    (&[PUBLIC, "127.0.0.1"], false),
    (&["127.0.0.1", PUBLIC], false),
    (&[PUBLIC, "1.1.1.1"], true),
    (&[PUBLIC, "::1"], false),
    (&["2606:4700::1111", "127.0.0.1"], false),
    (&[PUBLIC, "::ffff:127.0.0.1"], false),
    (&[PUBLIC, "169.254.169.254"], false),
    (&["::1"], false),
    (&["64:ff9b::7f00:1"], false),
    (&[], false),
];

fn rebinding(_name: &str, lookup: usize) -> Vec<Record> {
    let (addresses, _) = ANSWERS[lookup % ANSWERS.len()];
    addresses.iter().map(|address| Record::Address(address.parse().unwrap())).collect()
}

/// A client that can leave this machine's loopback for nowhere: dialling what is public fails at once.
fn client(server: &NameServer) -> Client {
    install_crypto();
    let builder = strangers("test", server.lookup());
    builder.local_address(IpAddr::V4(Ipv4Addr::LOCALHOST)).build().unwrap()
}

/// Whether the address was refused; if not, it was dialled, in vain.
async fn is_refused(client: &Client, url: &str) -> bool {
    let error = client.get(url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[tokio::test]
async fn a_name_that_changes_its_addresses_is_dialled_only_where_all_are_public() {
    let (trap, server) = (Trap::set(), NameServer::start(rebinding).await);
    let client = client(&server);
    let url = format!("http://rebind.example:{}/feed", trap.port);
    for fetch in 0..FETCHES {
        let (addresses, may_be_dialled) = ANSWERS[fetch % ANSWERS.len()];
        assert_eq!(is_refused(&client, &url).await, !may_be_dialled, "{addresses:?}");
    }
    assert_eq!(server.lookups(), FETCHES, "none is looked up again before it is dialled");
    assert_eq!(trap.caught(), 0);
}

/// In the words for an address in digits: nobody can map our network by the names that they try.
#[tokio::test]
async fn a_name_that_leads_inside_is_refused_in_the_same_words_as_an_address() {
    let server = NameServer::start(rebinding).await;
    let fetcher = fetcher().with_strangers(client(&server));
    let url = "http://rebind.example/feed".parse().unwrap();
    for (addresses, may_be_dialled) in ANSWERS {
        let why = why(ask_as_stranger(&fetcher, &url).await);
        assert_eq!(why == "this address can't be used", !may_be_dialled, "{addresses:?}: {why}");
    }
}

#[tokio::test]
async fn an_alias_of_an_inner_name_is_refused() {
    let trap = Trap::set();
    let server = NameServer::start(|name, _| match name {
        "inner.example" => vec![Record::Alias("outer.example")],
        "outer.example" => vec![Record::Alias("localhost")],
        "localhost" => vec![Record::Address(Ipv4Addr::LOCALHOST.into())],
        "half.example" => {
            vec![Record::Address(PUBLIC.parse().unwrap()), Record::Address("::1".parse().unwrap())]
        }
        _ => Vec::new(),
    })
    .await;
    let client = client(&server);
    for name in ["inner", "outer", "half", "none"] {
        let url = format!("http://{name}.example:{}/", trap.port);
        assert!(is_refused(&client, &url).await, "{name}");
    }
    assert_eq!((server.lookups(), trap.caught()), (7, 0));
}

/// Whatever was looked up: where the connection ends counts.
#[tokio::test]
async fn a_response_from_an_inner_address_is_refused() {
    install_crypto();
    let board = FakeBoard::start().await;
    let response = for_operator("test").unwrap().get(board.url).send().await.unwrap();
    assert_eq!(check_peer(&response), Err(Refused::Address));
}
