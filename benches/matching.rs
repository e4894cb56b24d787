//! `cargo bench --bench matching`: a posting against ten thousand filters, in its two halves, and the
//! cost of one more filter. `earlybrd bench matching` measures a million.

use std::hint::black_box;

use chrono::DateTime;
use criterion::{Criterion, criterion_group, criterion_main};
use earlybrd::cli::generate::{Wanted, World};
use earlybrd::domain::ids::FilterId;
use earlybrd::domain::posting::Posting;
use earlybrd::filter_lang::parse;
use earlybrd::matching::{Matcher, Scratch};

const FILTERS: u32 = 10_000;
const POSTINGS: u32 = 500;

fn matching(criterion: &mut Criterion) {
    let wanted = Wanted {
        filters: FILTERS,
        postings: POSTINGS,
        seed: 1,
        dense: false,
        fold: false,
        hostile: false,
    };
    let mut world = World::new(wanted);
    let postings: Vec<Posting> = (0..POSTINGS)
        .map(|id| serde_json::from_value(world.posting(id)).expect("a posting"))
        .collect();
    let mut matcher = Matcher::default();
    matcher.learn(&postings);
    for id in 0..FILTERS {
        matcher.insert(FilterId(i64::from(id)), &parse(&world.filter(id)).expect("a filter"));
    }
    let seen = DateTime::from_timestamp(1_793_534_400, 0).expect("a time");
    let mut scratch = Scratch::default();
    let mut next = postings.iter().cycle();
    criterion.bench_function("read", |bench| {
        bench.iter(|| matcher.read(&mut scratch, black_box(next.next().expect("endless"))));
    });
    criterion.bench_function("read and match", |bench| {
        bench.iter(|| matcher.matches(&mut scratch, next.next().expect("endless"), seen));
    });
    let expr = parse("=rust (=go OR =zig) remote -=php").expect("a filter");
    criterion.bench_function("insert and remove", |bench| {
        bench.iter(|| {
            matcher.insert(FilterId(-1), black_box(&expr));
            matcher.remove(FilterId(-1));
        });
    });
}

criterion_group!(benches, matching);
criterion_main!(benches);
