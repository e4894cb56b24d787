//! The Postgres of this test process, and a fresh database for each test.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use earlybrd::config::Config;
use earlybrd::db;
use earlybrd::postgres::{Binaries, Durability, Server};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

/// Names of our folders and databases; the process id follows.
const PREFIX: &str = "earlybrd-test";

/// The server, and its database with the whole schema from which others are copied.
struct TestServer {
    url: Url,
    template: String,
    /// Kept alive; the kernel ends it with this process.
    _private: Option<Server>,
}

static SERVER: LazyLock<TestServer> = LazyLock::new(TestServer::start);
static COUNT: AtomicUsize = AtomicUsize::new(0);

impl TestServer {
    fn start() -> Self {
        let given = setting("EARLYBRD_TEST_DATABASE_URL");
        let private = given.is_none().then(start_private);
        let url = given.or_else(|| Some(private.as_ref()?.url().expose_secret().to_owned()));
        let url = url.expect("either is there");
        let url: Url = url.parse().expect("EARLYBRD_TEST_DATABASE_URL is an address");
        let template = format!("{PREFIX}-{}-template", std::process::id());
        let server = Self { url, template, _private: private };
        // A runtime of its own: the first test to come may be inside one.
        let made =
            std::thread::scope(|scope| scope.spawn(|| block_on(server.make_template())).join());
        made.expect("the template database can be made");
        server
    }

    async fn make_template(&self) {
        self.execute(format!("CREATE DATABASE \"{}\"", self.template)).await;
        db::migrate(&self.database(&self.template)).await.expect("the migrations apply");
    }

    fn database(&self, name: &str) -> SecretString {
        let mut url = self.url.clone();
        url.set_path(name);
        String::from(url).into()
    }

    async fn execute(&self, statement: String) {
        let mut connection =
            PgConnection::connect(self.url.as_str()).await.expect("the test server answers");
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect("it is done");
    }
}

/// A database of one test; dropped with it.
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// A copy of the template.
    pub async fn new() -> Self {
        Self::create(&format!(" TEMPLATE \"{}\"", server().await.template)).await
    }

    /// Without any table.
    pub async fn empty() -> Self {
        server().await;
        Self::create("").await
    }

    async fn create(template: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("{PREFIX}-{}-{number}", std::process::id());
        SERVER.execute(format!("CREATE DATABASE \"{name}\"{template}")).await;
        Self { name }
    }

    pub fn url(&self) -> SecretString {
        SERVER.database(&self.name)
    }

    /// As after a failover to a standby: whoever is connected is thrown out, and what follows can only
    /// read.
    pub async fn read_only(&self, is: bool) {
        let state = if is { "on" } else { "off" };
        let set =
            format!("ALTER DATABASE \"{}\" SET default_transaction_read_only = {state}", self.name);
        SERVER.execute(set).await;
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        );
        SERVER.execute(cut).await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name);
        let dropped = std::thread::scope(|scope| {
            scope.spawn(|| block_on(SERVER.execute(statement))).join().is_ok()
        });
        assert!(dropped || std::thread::panicking(), "the test's database is dropped");
    }
}

async fn server() -> &'static TestServer {
    tokio::task::spawn_blocking(|| &*SERVER).await.expect("the test server starts")
}

fn start_private() -> Server {
    let base = std::env::temp_dir();
    remove_leftovers(&base);
    let config = Config::from_env().expect("settings are sound");
    let binaries = Binaries::find(config.pg_bin_dir.as_deref(), &config.search_path)
        .expect("tests need Postgres; `./run test` gets it");
    let folder = base.join(format!("{PREFIX}-{}", std::process::id()));
    Server::start(&folder, &binaries, Durability::None).expect("Postgres starts")
}

/// Removes folders of test processes that are no more: their lock is free.
fn remove_leftovers(base: &PathBuf) {
    for entry in std::fs::read_dir(base).into_iter().flatten().filter_map(Result::ok) {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = std::fs::File::open(entry.path().join("lock"));
        if ours && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A setting of the tests themselves.
#[expect(clippy::disallowed_methods, reason = "settings of the tests are not the product's")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
