//! Every setting, in one table.

/// One setting, as the table in README shows it; a test compares the two.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "DATABASE_URL",
        default: "a private Postgres",
        meaning: "Postgres to use; unset: the process runs its own server",
    },
    Setting {
        name: "EARLYBRD_DATA",
        default: "`$XDG_DATA_HOME/earlybrd`, as root `/var/lib/earlybrd`",
        meaning: "folder of the private Postgres",
    },
    Setting {
        name: "EARLYBRD_PG_BIN_DIR",
        default: "searched",
        meaning: "folder with `initdb` and `postgres`",
    },
    Setting {
        name: "EARLYBRD_CATALOGUE",
        default: "built in",
        meaning: "TOML file of boards that replaces the built-in catalogue",
    },
    Setting {
        name: "EARLYBRD_CONTACT",
        default: "none",
        meaning: "address or URL that boards see in the User-Agent, to reach the operator",
    },
    Setting {
        name: "EARLYBRD_TRUSTED_HOSTS",
        default: "none",
        meaning: "hosts, as `host` or `host:port` with commas between, on which people may add boards \
                  although they are not public",
    },
    Setting {
        name: "EARLYBRD_RATES",
        default: "the European Central Bank's",
        meaning: "address of its daily file of exchange rates, or `off`",
    },
    Setting {
        name: "EARLYBRD_LISTEN",
        default: "`127.0.0.1:8080`",
        meaning: "address and port that the web pages are served on",
    },
    Setting {
        name: "EARLYBRD_PUBLIC_URL",
        default: "none",
        meaning: "address under which browsers reach the web pages, behind a proxy",
    },
    Setting {
        name: "EARLYBRD_PLAYGROUND",
        default: "`on` in `try`, `off` in `serve`",
        meaning: "whether the chat page is served: `on` or `off`",
    },
    Setting {
        name: "EARLYBRD_KEYS",
        default: "none",
        meaning: "keys that addresses and tokens are sealed with, the newest first, with commas between; \
                  `earlybrd keys generate` prints one. Older ones must stay: by them addresses are known \
                  that take no mail",
    },
    Setting {
        name: "EARLYBRD_MAIL_URL",
        default: "none",
        meaning: "where mail goes: `smtp://user:password@host:587` (STARTTLS), \
                  `smtps://user:password@host:465`, or `file:///folder`; `?tls=off` sends in clear, as \
                  is done to this machine",
    },
    Setting {
        name: "EARLYBRD_MAIL_FROM",
        default: "none",
        meaning: "sender of mail: `earlybrd <alerts@example.com>`",
    },
    Setting {
        name: "EARLYBRD_MAIL_CA",
        default: "none",
        meaning: "PEM file of one more certificate by which the mail server may prove itself",
    },
    Setting {
        name: "EARLYBRD_MAILGUN_KEY",
        default: "none",
        meaning: "key that Mailgun signs webhooks with, to hear of bounces and complaints",
    },
    Setting {
        name: "EARLYBRD_METRICS_TOKEN",
        default: "none",
        meaning: "what Prometheus shows as `Authorization: Bearer …` to read `/metrics`; unset: there is no \
                  such page",
    },
    Setting {
        name: "SLACK_SIGNING_SECRET",
        default: "none",
        meaning: "what Slack signs requests to us with; docs/slack.md says where it stands",
    },
    Setting {
        name: "SLACK_CLIENT_ID",
        default: "none",
        meaning: "the Slack app's own id, with which workspaces install it",
    },
    Setting { name: "SLACK_CLIENT_SECRET", default: "none", meaning: "the secret of that id" },
    Setting {
        name: "SLACK_BOT_TOKEN",
        default: "none",
        meaning: "for one workspace alone, without a public address: its token, `xoxb-…`",
    },
    Setting {
        name: "SLACK_APP_TOKEN",
        default: "none",
        meaning: "the app's token for Socket Mode, `xapp-…`",
    },
    Setting {
        name: "SLACK_API_URL",
        default: "`https://slack.com/api`",
        meaning: "address of Slack's Web API; a host alone has it under `/api`",
    },
    Setting {
        name: "DISCORD_APP_ID",
        default: "none",
        meaning: "the Discord app's number; docs/discord.md says where it stands",
    },
    Setting { name: "DISCORD_TOKEN", default: "none", meaning: "its bot's token" },
    Setting {
        name: "DISCORD_PUBLIC_KEY",
        default: "none",
        meaning: "what Discord signs requests to us with; without it a connection to Discord is opened",
    },
    Setting {
        name: "DISCORD_API_URL",
        default: "`https://discord.com/api/v10`",
        meaning: "address of Discord's API",
    },
    Setting {
        name: "DISCORD_GATEWAY_URL",
        default: "what Discord says",
        meaning: "address of Discord's gateway; a connection is opened also with a public key",
    },
    Setting {
        name: "EARLYBRD_LOG",
        default: "`info`",
        meaning: "what is logged, in the syntax of tracing's EnvFilter",
    },
    Setting { name: "EARLYBRD_LOG_FORMAT", default: "`text`", meaning: "`text` or `json`" },
    Setting {
        name: "STRIPE_SECRET_KEY",
        default: "none",
        meaning: "Stripe's secret key; without it there are no plans, and no limits (docs/billing.md)",
    },
    Setting {
        name: "STRIPE_WEBHOOK_SECRET",
        default: "none",
        meaning: "what Stripe signs its webhooks with; several with commas",
    },
    Setting {
        name: "STRIPE_PRICE_PRO",
        default: "none",
        meaning: "Stripe's ids of prices of the plan pro, with commas: the first is sold, all count",
    },
    Setting {
        name: "STRIPE_PRICE_TEAM",
        default: "none",
        meaning: "Stripe's ids of prices of the plan team, likewise",
    },
    Setting { name: "STRIPE_TAX", default: "`off`", meaning: "`on`: Stripe computes taxes" },
    Setting {
        name: "STRIPE_API_URL",
        default: "`https://api.stripe.com`",
        meaning: "address of Stripe's API",
    },
    Setting {
        name: "EARLYBRD_PLANS",
        default: "built in",
        meaning: "TOML file that says what plans allow",
    },
];
