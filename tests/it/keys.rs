//! New keys: what older ones sealed is sealed anew, and nothing opens where it does not belong.

use std::sync::Arc;

use earlybrd::db;
use earlybrd::domain::ids::AccountId;
use earlybrd::secrets::{Cell, Keys, Subject};
use earlybrd::workers::reseal::Reseal;
use secrecy::ExposeSecret;
use sqlx::Row;

use crate::world::{World, drain};

fn keys(names: &[&str]) -> Keys {
    // Thirty-two bytes: of the last letter only four bits count.
    let key = |name: &&str| format!("{name}:{}A", name.repeat(21));
    names.iter().map(key).collect::<Vec<_>>().join(",").parse().unwrap()
}

/// An account with an address, sealed with these keys.
async fn address(world: &World, name: &str, keys: &Keys) -> AccountId {
    let person = world.person(name).await;
    let address = format!("{name}@Example.com");
    let sealed = keys.seal(db::emails::cell(person.account), &address).unwrap();
    let digest = keys.digest(Subject::Address, &format!("{name}@example.com"));
    let new = db::emails::NewAddress { digest: &digest, sealed: &sealed };
    let now = world.now();
    db::in_tx(&world.pool, async |tx| db::emails::ask(tx, person.account, new, now).await)
        .await
        .unwrap();
    person.account
}

async fn workspace(world: &World, team: &str, keys: &Keys, of: Option<i64>) -> i64 {
    let now = world.now();
    let new = db::slack::Installed { team, name: "One", bot_user: "U0", scopes: "" };
    db::in_tx(&world.pool, async |tx| {
        let id = db::slack::install(tx, new, now).await?;
        let sealed = keys.seal(db::slack::cell(of.unwrap_or(id)), team).unwrap();
        db::slack::keep_token(tx, id, &sealed).await?;
        Ok(id)
    })
    .await
    .unwrap()
}

async fn sealed(world: &World, table: &'static str, owner: i64) -> Vec<u8> {
    let query = match table {
        "emails" => "SELECT sealed FROM emails WHERE account_id = $1",
        _ => "SELECT sealed FROM slack_workspaces WHERE id = $1",
    };
    sqlx::query(query).bind(owner).fetch_one(&world.pool).await.unwrap().get(0)
}

fn open(keys: &Keys, cell: Cell, sealed: &[u8]) -> Option<String> {
    keys.open(cell, sealed).ok().map(|text| text.expose_secret().to_owned())
}

#[tokio::test]
async fn what_an_older_key_sealed_opens_with_the_new_one_alone() {
    let world = World::new().await;
    let (old, both, new) = (keys(&["aa"]), keys(&["bb", "aa"]), keys(&["bb"]));
    let ann = address(&world, "ann", &old).await;
    let ben = address(&world, "ben", &both).await;
    let team = workspace(&world, "T1", &old, None).await;
    drain(&mut Reseal::new(world.base(), Arc::new(both))).await;
    for (account, address) in [(ann, "ann@Example.com"), (ben, "ben@Example.com")] {
        let text = sealed(&world, "emails", account.0).await;
        assert_eq!(open(&new, db::emails::cell(account), &text).as_deref(), Some(address));
        assert_eq!(open(&old, db::emails::cell(account), &text), None);
    }
    let token = sealed(&world, "slack", team).await;
    assert_eq!(open(&new, db::slack::cell(team), &token).as_deref(), Some("T1"));
    // The address is known again by the new key's digest, too.
    let digests = new.digests(Subject::Address, "ann@example.com");
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.to_vec()).collect();
    assert_eq!(db::emails::of_digests(&world.pool, &digests).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_does_not_open_stays_as_it_is() {
    let world = World::new().await;
    let (lost, old, both) = (keys(&["zz"]), keys(&["aa"]), keys(&["bb", "aa"]));
    let ann = address(&world, "ann", &lost).await;
    let owner = workspace(&world, "T1", &old, None).await;
    // Copied from another workspace's row.
    let stolen = workspace(&world, "T2", &old, Some(owner)).await;
    let before = (sealed(&world, "emails", ann.0).await, sealed(&world, "slack", stolen).await);
    let mut worker = Reseal::new(world.base(), Arc::new(both));
    drain(&mut worker).await;
    let after = (sealed(&world, "emails", ann.0).await, sealed(&world, "slack", stolen).await);
    assert_eq!(before, after);
    let good = sealed(&world, "slack", owner).await;
    assert!(open(&keys(&["bb"]), db::slack::cell(owner), &good).is_some());
}
