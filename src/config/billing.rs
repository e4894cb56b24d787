//! The settings of payments: all limits are off without them.

use anyhow::{Context, bail, ensure};
use secrecy::SecretString;
use url::Url;

use crate::domain::plan::{Limits, MOST_BOARDS, MOST_FILTERS, Plans};

/// Where Stripe's API is.
const API: &str = "https://api.stripe.com/";

/// The built-in plans.
const PLANS: &str = include_str!("../billing/plans.toml");

/// How payments are taken.
#[derive(Debug, Clone)]
pub struct BillingConfig {
    /// Ends with a slash; `v1` follows.
    pub api: Url,
    pub secret_key: SecretString,
    /// What Stripe signs its requests with: several while one is changed for another.
    pub webhook_secrets: Vec<SecretString>,
    /// Stripe's ids of prices: the first is what is sold, all count. A plan without one cannot be bought.
    pub prices_pro: Vec<String>,
    pub prices_team: Vec<String>,
    /// Whether Stripe adds taxes.
    pub tax: bool,
    /// Whether people pay in earnest, as far as the key says.
    pub is_live: Option<bool>,
    /// Where browsers come back to.
    pub public_url: Url,
    pub plans: Plans,
}

/// `None` without a key.
pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<BillingConfig>> {
    const MORE: [&str; 6] = [
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_PRICE_PRO",
        "STRIPE_PRICE_TEAM",
        "STRIPE_TAX",
        "STRIPE_API_URL",
        "EARLYBRD_PLANS",
    ];
    let Some(key) = var("STRIPE_SECRET_KEY") else {
        if let Some(given) = MORE.iter().find(|name| var(name).is_some()) {
            bail!("{given} needs STRIPE_SECRET_KEY, too");
        }
        return Ok(None);
    };
    let key = key.trim();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(is_key, "STRIPE_SECRET_KEY is a secret key, which begins with sk_ or rk_");
    for needed in ["STRIPE_WEBHOOK_SECRET", "EARLYBRD_PUBLIC_URL"] {
        ensure!(var(needed).is_some(), "STRIPE_SECRET_KEY needs {needed}, too");
    }
    let secrets = var("STRIPE_WEBHOOK_SECRET").unwrap_or_default();
    let secrets = secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty());
    let webhook_secrets: Vec<SecretString> = secrets.map(SecretString::from).collect();
    ensure!(
        !webhook_secrets.is_empty(),
        "STRIPE_WEBHOOK_SECRET is one secret, or some with commas"
    );
    let [prices_pro, prices_team] = prices(&var)?;
    let tax = match var("STRIPE_TAX").as_deref() {
        None | Some("off") => false,
        Some("on") => true,
        Some(_) => bail!("STRIPE_TAX is on or off"),
    };
    let api = var("STRIPE_API_URL");
    let mut api =
        super::slack::base(api.as_deref().unwrap_or(API), "/").context("STRIPE_API_URL")?;
    // async-stripe says the version itself.
    let path = api.path().strip_suffix("v1/").map(str::to_owned);
    if let Some(path) = path {
        api.set_path(&path);
    }
    let public_url = var("EARLYBRD_PUBLIC_URL").unwrap_or_default();
    Ok(Some(BillingConfig {
        api,
        secret_key: key.into(),
        webhook_secrets,
        prices_pro,
        prices_team,
        tax,
        is_live: is_live(key),
        public_url: Url::parse(&public_url).context("EARLYBRD_PUBLIC_URL")?,
        plans: plans(var("EARLYBRD_PLANS"))?,
    }))
}

/// Of pro and of team, each as `price_new,price_old`.
fn prices(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<[Vec<String>; 2]> {
    let read = |name: &str| -> Vec<String> {
        let said = var(name).unwrap_or_default();
        let prices = said.split(',').map(str::trim).filter(|price| !price.is_empty());
        prices.map(str::to_owned).collect()
    };
    let [pro, team] = ["STRIPE_PRICE_PRO", "STRIPE_PRICE_TEAM"].map(read);
    ensure!(
        !pro.is_empty() || !team.is_empty(),
        "STRIPE_SECRET_KEY needs STRIPE_PRICE_PRO or STRIPE_PRICE_TEAM, too"
    );
    ensure!(
        !pro.iter().any(|price| team.contains(price)),
        "STRIPE_PRICE_PRO and STRIPE_PRICE_TEAM have the same price"
    );
    Ok([pro, team])
}

/// What a file says, or else what is built in.
fn plans(path: Option<String>) -> anyhow::Result<Plans> {
    let text = match path {
        Some(path) => std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read EARLYBRD_PLANS, {path}"))?,
        None => PLANS.to_owned(),
    };
    let plans: Plans = toml::from_str(&text).context("EARLYBRD_PLANS")?;
    for Limits { filters, boards, .. } in [plans.free, plans.pro, plans.team] {
        let is_more = |has: u32, most: usize| usize::try_from(has).is_ok_and(|has| has > most);
        ensure!(
            !is_more(filters, MOST_FILTERS) && !is_more(boards, MOST_BOARDS),
            "EARLYBRD_PLANS: no plan has more than {MOST_FILTERS} filters and {MOST_BOARDS} boards"
        );
    }
    Ok(plans)
}

/// Keys say whether they are for tests.
fn is_live(key: &str) -> Option<bool> {
    let mode = key.split('_').nth(1)?;
    match mode {
        "live" => Some(true),
        "test" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 4] = [
        ("STRIPE_SECRET_KEY", "sk_test_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2, whsec_3"),
        ("STRIPE_PRICE_PRO", "price_1, price_0"),
        ("EARLYBRD_PUBLIC_URL", "https://jobs.example.com"),
    ];

    fn read_with(settings: &[(&str, &str)]) -> anyhow::Result<Option<BillingConfig>> {
        read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_built_in_plans_are_read() {
        assert!(read_with(&[ALL[3]]).unwrap().is_none());
        let config = read_with(&ALL).unwrap().unwrap();
        assert_eq!((config.webhook_secrets.len(), config.is_live), (2, Some(false)));
        assert_eq!(config.prices_pro, ["price_1", "price_0"]);
        assert_eq!((config.plans.free.filters, config.plans.team.boards), (3, 50));
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.api.as_str(), API);
        for given in ["http://127.0.0.1:9", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/"] {
            let with: Vec<_> = ALL.into_iter().chain([("STRIPE_API_URL", given)]).collect();
            let config = read_with(&with).unwrap().unwrap();
            assert_eq!(config.api.as_str(), "http://127.0.0.1:9/");
        }
    }

    #[test]
    fn an_operators_plans_take_the_place_of_those_built_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plans.toml");
        let with = [ALL.as_slice(), &[("EARLYBRD_PLANS", path.to_str().unwrap())]].concat();
        let text = PLANS.replace("filters = 3", "filters = 5");
        assert_ne!(text, PLANS);
        std::fs::write(&path, &text).unwrap();
        let config = read_with(&with).unwrap().unwrap();
        assert_eq!((config.plans.free.filters, config.plans.pro.filters), (5, 25));
        for wrong in
            [text.replace("filters = 5", "filters = 1001"), text.replace("boards", "bords")]
        {
            std::fs::write(&path, wrong).unwrap();
            let error = format!("{:#}", read_with(&with).unwrap_err());
            assert!(error.contains("EARLYBRD_PLANS"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for left in 0..3 {
            let mut some = ALL.to_vec();
            let (name, _) = some.remove(left);
            let error = format!("{:#}", read_with(&some).unwrap_err());
            assert!(error.contains(name), "{error}");
        }
        for (name, wrong) in [
            ("STRIPE_TAX", "yes"),
            ("STRIPE_API_URL", "ftp://x"),
            ("STRIPE_PRICE_TEAM", "price_2,price_0"),
            ("EARLYBRD_PLANS", "/nowhere/plans.toml"),
        ] {
            let with: Vec<_> = ALL.into_iter().chain([(name, wrong)]).collect();
            let error = format!("{:#}", read_with(&with).unwrap_err());
            assert!(error.contains(name), "{error}");
        }
        let twice = [("STRIPE_SECRET_KEY", "sk live"), ALL[1], ALL[2], ALL[3]];
        assert!(read_with(&twice).is_err());
    }
}
