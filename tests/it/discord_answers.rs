//! Answers that are long.

use crate::fakes::discord::shown;
use crate::hall::{ANN, Hall};

#[tokio::test]
async fn a_mistake_far_behind_in_a_long_line_is_pointed_at_within_discords_limits() {
    let hall = Hall::new().await;
    for (word, times) in [("rust ", 418), ("rust ", 736), ("\u{1f980} ", 1_100)] {
        let answer = hall.types(ANN, "watch", &[("looks-for", &word.repeat(times))]).await;
        assert!(shown(&answer).contains("a filter has 2000 at most"), "{}", shown(&answer));
        assert!(shown(&answer).contains(" ^"), "{}", shown(&answer));
    }
}
