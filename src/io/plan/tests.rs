use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::*;
use crate::io::fuzz;
use crate::io::{CommitOptions, Sync, WriteStrategy};

proptest! {
    /// Arbitrary parts, slots, nesting, digests and deferred parts against a naive model.
    #[test]
    fn bytes_and_digests_are_those_of_a_naive_model(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::plan(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The same, into a file.
    #[test]
    fn a_file_has_them_too(
        data in prop::collection::vec(any::<u8>(), 0..300),
        strategy in prop::sample::select(vec![
            WriteStrategy::Auto,
            WriteStrategy::Mapped,
            WriteStrategy::Mixed,
            WriteStrategy::Positioned,
            WriteStrategy::Sequential,
        ]),
        sync in prop::sample::select(vec![Sync::Always, Sync::OnReplace, Sync::Never]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let options = CommitOptions { strategy, sync, ..CommitOptions::default() };
        let (built, bytes, digests) = fuzz::expected(&data);
        let found = built.plan.commit(&path, &options).unwrap();
        prop_assert!(fs::read(&path).unwrap() == bytes);
        prop_assert_eq!(fuzz::values(&found, &built.ids), digests);
    }
}

#[test]
fn parts_are_placed_one_after_the_other() {
    let tensor = [7; 5];
    let mut plan = FilePlan::new();
    let slot = plan.reserve(2);
    assert_eq!(plan.inline(vec![1, 2, 3]), 2..5);
    plan.align_to(8);
    assert_eq!(plan.payload(&tensor), 8..13);
    assert_eq!(plan.payload_shared(vec![9].into()), 13..14);
    plan.fill(slot, vec![0xaa, 0xbb]);
    assert_eq!(plan.len(), 14);
    let expected = [0xaa, 0xbb, 1, 2, 3, 0, 0, 0, 7, 7, 7, 7, 7, 9];
    assert_eq!(plan.into_vec(), expected);
}

#[test]
fn a_nested_plan_keeps_its_digests_and_the_outer_one_digests_it() {
    let mut inner = FilePlan::new();
    let data = inner.inline(b"123456789".to_vec());
    let own = inner.digest(data, Algorithm::Crc32);
    inner.deferred(4, move |digests| digests.get(own).to_be_bytes().to_vec());
    let mut outer = FilePlan::new();
    let head = outer.inline(b"head".to_vec());
    let first = outer.digest(head, Algorithm::Crc32);
    assert_eq!(outer.nest(inner), 4..17);
    let whole = outer.digest(4..13, Algorithm::Crc32c);
    let mut bytes = Vec::new();
    let digests = outer.write_to(&mut bytes).unwrap();
    assert_eq!(bytes, b"head123456789\xcb\xf4\x39\x26");
    assert_eq!(digests.get(first), Algorithm::Crc32.of(b"head"));
    assert_eq!(digests.get(whole), 0xe306_9283);
}

/// A plan that contradicts itself is a mistake in this crate, and stops with a sentence.
#[track_caller]
fn stops(message: &str, build: impl FnOnce(&mut FilePlan<'_>)) {
    let mut plan = FilePlan::new();
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        build(&mut plan);
        std::mem::take(&mut plan).into_vec()
    }));
    let payload = stopped.unwrap_err();
    let text = (payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(|it| (*it).to_owned()));
    let text = text.unwrap_or_default();
    assert!(text.contains(message), "{text}");
}

#[test]
fn mistakes_stop_with_a_sentence() {
    stops("every slot of a plan is filled", |plan| {
        let _slot = plan.reserve(1);
    });
    stops("a slot is filled with what it reserved", |plan| {
        let slot = plan.reserve(1);
        plan.fill(slot, vec![1, 2]);
    });
    stops("a digest covers bytes of the plan", |plan| {
        plan.digest(0..1, Algorithm::Crc32);
    });
    stops("a digest covers no deferred bytes", |plan| {
        plan.deferred(4, |_| vec![0; 4]);
        plan.inline(vec![1]);
        plan.digest(3..5, Algorithm::Crc32);
    });
    stops("deferred bytes are as long as was said", |plan| {
        plan.deferred(4, |_| vec![0; 3]);
    });
    stops("a file is shorter than 2^64 bytes", |plan| {
        plan.inline(vec![1]);
        plan.align_to(u64::MAX);
        plan.inline(vec![1]);
    });
    stops("every slot of a plan is filled", |plan| {
        let mut inner = FilePlan::new();
        let _slot = inner.reserve(0);
        plan.nest(inner);
    });
}
