//! The private Postgres: what it refuses, and that it ends with its process.

use std::fs;

use super::binary::{Home, until};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_not_share_a_data_folder() {
    let home = Home::new();
    let first = home.start(&["try"]);
    until("a server", || home.postgres_pid_if_any().is_some()).await;
    let second = home.start(&["try", "--once"]).wait().await;
    assert!(!second.success);
    assert!(second.stderr.contains("another earlybrd uses"), "{}", second.stderr);
    assert!(first.terminate().await.success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_another_major_version_is_refused_and_left_alone() {
    let home = Home::new();
    fs::create_dir_all(home.data().join("pgdata")).unwrap();
    fs::write(home.data().join("pgdata/PG_VERSION"), "9.6\n").unwrap();
    let ended = home.start(&["try", "--once"]).wait().await;
    assert!(!ended.success);
    for part in ["stage: start Postgres", "was made by Postgres 9.6", "EARLYBRD_PG_BIN_DIR"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(home.data().join("pgdata/PG_VERSION")).unwrap(), "9.6\n");
}

/// The folder changes its owner and its rights: somebody's home must not.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_holds_something_else_is_refused_and_left_alone() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    fs::write(home.data().join("thesis.txt"), "mine").unwrap();
    let rights = fs::metadata(home.data()).unwrap().permissions();
    let ended = home.start(&["migrate"]).wait().await;
    assert!(!ended.success && ended.stderr.contains("holds thesis.txt"), "{}", ended.stderr);
    assert_eq!(fs::metadata(home.data()).unwrap().permissions(), rights);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_binaries_the_command_to_install_them_is_said() {
    let home = Home::new();
    let empty = home.folder();
    let home = home.setting("EARLYBRD_PG_BIN_DIR", empty.to_str().unwrap());
    let ended = home.start(&["try", "--once"]).wait().await;
    assert!(!ended.success);
    assert!(ended.stderr.contains("no Postgres was found"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_half_made_is_made_again() {
    let home = Home::new();
    fs::create_dir_all(home.data().join("pgdata.tmp/base")).unwrap();
    let running = home.start(&["try"]);
    until("a server", || home.postgres_pid_if_any().is_some()).await;
    assert!(running.terminate().await.success);
    assert!(!home.data().join("pgdata.tmp").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_when_its_process_is_killed() {
    let home = Home::new();
    let running = home.start(&["try"]);
    until("a server", || home.postgres_pid_if_any().is_some()).await;
    let server = home.postgres_pid();
    running.kill();
    until("the server's end", || {
        let stat = format!("/proc/{}/stat", server.as_raw_nonzero());
        // A zombie that nobody reaps has ended too.
        fs::read_to_string(stat).map_or(true, |stat| stat.contains(") Z "))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_path_gets_a_short_socket() {
    let home = Home::new();
    let long = home.data().join("x".repeat(120));
    fs::create_dir_all(&long).unwrap();
    let home = home.setting("EARLYBRD_DATA", long.to_str().unwrap());
    let ended = home.start(&["migrate"]).wait().await;
    assert!(ended.success, "{}", ended.stderr);
}
