//! One replica: the whole service but for its boards, with the stand-ins as its platforms.

use std::process::ExitCode;
use std::sync::Arc;

use url::Url;

use super::ledger::Kind;
use super::stand_in::StandIn;
use super::{discord, slack};
use crate::app::{App, Database};
use crate::cli::serve::Signals;
use crate::config::{Config, DiscordConfig, DiscordGateway, OneWorkspace, SlackConfig};
use crate::domain::role::Roles;
use crate::failpoint::{self, Point};
use crate::http::{for_operator, user_agent};
use crate::messenger::Messenger;

/// Runs until it is killed.
pub async fn run(
    mut config: Config,
    ledger: String,
    death: Option<(Point, u32)>,
) -> anyhow::Result<ExitCode> {
    config.rates = None;
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    if let Some((point, nth)) = death {
        failpoint::arm(point, nth);
    }
    let client = for_operator(&user_agent(None))?;
    let mut messengers = Vec::from([Kind::Key, Kind::LookUp, Kind::Mail].map(|kind| {
        let (ledger, client) = (ledger.clone(), client.clone());
        let messenger: Arc<dyn Messenger> = Arc::new(StandIn { kind, ledger, client });
        messenger
    }));
    let (bot_token, app_token) = (slack::TOKEN.into(), String::new().into());
    config.slack = Some(SlackConfig {
        api: Url::parse(&ledger)?.join("api/")?,
        app: None,
        one: Some(OneWorkspace { bot_token, app_token }),
    });
    messengers.extend(app.slack(&config)?);
    config.discord = Some(DiscordConfig {
        api: Url::parse(&ledger)?.join("api/v10/")?,
        app_id: "1".to_owned(),
        token: discord::TOKEN.into(),
        public_key: None,
        gateway: DiscordGateway::Closed,
    });
    messengers.extend(app.discord(&config)?);
    app.start_workers(&config, &Roles::all(), messengers)?;
    signals.next().await;
    signals.stop(app).await;
    Ok(ExitCode::SUCCESS)
}
