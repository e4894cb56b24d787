//! `cargo bench --bench polling`: a feed of fifty postings from its bytes to normalised postings.
//! `earlybrd bench polling` measures whole polls.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use earlybrd::boards::{Reading, Response, read};
use earlybrd::cli::board_server::{feed, shown};
use earlybrd::domain::board::BoardKind;
use earlybrd::normalize::BoardContext;

const ITEMS: u32 = 50;

fn polling(criterion: &mut Criterion) {
    let body = shown(&feed(ITEMS).expect("a feed"), 1, 1);
    let context = BoardContext {
        slug: "bench",
        company: None,
        base: None,
        zone: "UTC".parse().expect("a zone"),
        at: None,
    };
    let mut group = criterion.benchmark_group("feed");
    group.throughput(Throughput::Elements(ITEMS.into()));
    group.bench_function("read", |bench| {
        bench.iter(|| {
            let response = Response { body: black_box(body.as_bytes()), content_type: None };
            read(Reading::from(BoardKind::Feed), response, &context).expect("a feed")
        });
    });
    group.finish();
}

criterion_group!(benches, polling);
criterion_main!(benches);
