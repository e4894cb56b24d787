//! Ends mails to an address for everybody who entered it, and tells them where their chat is.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::db;
use crate::db::suppressed::Cause;
use crate::domain::email::EmailAddress;
use crate::render::notices;
use crate::secrets::{Keys, Subject};

/// An address, and why nothing more goes there.
pub struct Ending<'a> {
    pub keys: &'a Keys,
    pub address: &'a EmailAddress,
    pub why: &'a str,
}

impl Ending<'_> {
    /// Ends mails to it; with a cause nobody has it written to by entering it again.
    pub async fn end(
        &self,
        tx: &mut PgConnection,
        cause: Option<Cause>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        if let Some(cause) = cause {
            let digest = self.keys.digest(Subject::Suppressed, &self.address.folded());
            db::suppressed::suppress(&mut *tx, &digest, (cause, self.why), now).await?;
        }
        for id in db::emails::of_digests(&mut *tx, &self.digests()).await? {
            end_one(tx, id, self.why, now).await?;
        }
        Ok(())
    }

    /// What its rows are found by.
    pub fn digests(&self) -> Vec<Vec<u8>> {
        let digests = self.keys.digests(Subject::Address, &self.address.folded());
        digests.iter().map(|it| it.to_vec()).collect()
    }
}

/// Ends mails to the address of one account.
pub async fn end_one(
    tx: &mut PgConnection,
    id: i64,
    why: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Some(ended) = db::emails::end(tx, id, why, now).await? else { return Ok(()) };
    if let Some(chat) = ended.chat.filter(|_| ended.confirmed) {
        let said = notices::mail_ended(why, &ended.filters);
        db::deliveries::queue_notices(tx, &[(chat, said)], now).await?;
    }
    Ok(())
}
