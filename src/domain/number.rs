//! The number of a filter, as people type and read it.

use std::fmt;

use super::account::AccountKind;

/// `3` is somebody's own, `c3` a channel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterNumber {
    pub of: AccountKind,
    pub number: i64,
}

impl fmt::Display for FilterNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            AccountKind::Person => write!(f, "{}", self.number),
            AccountKind::Team => write!(f, "c{}", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channels_number_has_a_c() {
        let shown = |of| FilterNumber { of, number: 3 }.to_string();
        assert_eq!(shown(AccountKind::Person), "3");
        assert_eq!(shown(AccountKind::Team), "c3");
    }
}
