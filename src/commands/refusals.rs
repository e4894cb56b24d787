//! Who names addresses that are not to be asked: one may be a slip, many are somebody who tries what
//! lies behind us.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::ids::AccountId;

/// How often each account did since the start.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<AccountId, u64>>>);

impl Refusals {
    /// Notes one more and says so, without the address.
    pub fn note(&self, account: AccountId) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(account).or_default();
        *count += 1;
        tracing::info!(
            account.id = account.0,
            account.refused = *count,
            "an address was refused, number {count} of account {}",
            account.0
        );
    }

    /// How often an account did.
    pub fn of(&self, account: AccountId) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&account).copied().unwrap_or_default()
    }
}
