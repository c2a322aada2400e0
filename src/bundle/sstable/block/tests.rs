use super::*;

fn parse(bytes: &[u8]) -> Result<Block> {
    Block::parse(bytes.to_vec().into(), 0, &Limits::default())
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn all(block: &Block) -> Pairs {
    let mut found = Vec::new();
    let mut entries = block.entries();
    while let Some((key, value)) = entries.next() {
        found.push((key.to_vec(), value.to_vec()));
    }
    found
}

fn built(interval: usize, count: u32) -> (Vec<u8>, Pairs) {
    let entry = |number: u32| {
        let key = format!("layer_{:05}", number * 2).into_bytes();
        (key, number.to_le_bytes()[..number as usize % 5].to_vec())
    };
    let entries: Vec<_> = (0..count).map(entry).collect();
    let mut builder = BlockBuilder::new(interval);
    for (key, value) in &entries {
        builder.add(key, value);
    }
    let len = builder.len();
    let bytes = builder.finish();
    assert_eq!(bytes.len(), len);
    (bytes, entries)
}

#[test]
fn bytes() {
    let expected = [
        &[0, 3, 1][..], // nothing shared, 3 bytes of key, 1 byte of value
        b"abc",         // key
        b"1",           // value
        &[2, 1, 2],     // "ab" shared, 1 byte of key, 2 bytes of value
        b"d",           // rest of the key "abd"
        b"22",          // value
        &[0, 2, 0],     // a restart: nothing shared although there is something
        b"ae",          // key
        &[0, 0, 0, 0],  // the first restart point
        &[13, 0, 0, 0], // the second
        &[2, 0, 0, 0],  // how many
    ]
    .concat();
    let mut builder = BlockBuilder::new(2);
    assert!(builder.is_empty());
    builder.add(b"abc", b"1");
    builder.add(b"abd", b"22");
    builder.add(b"ae", b"");
    assert_eq!(builder.finish(), expected);
    let block = parse(&expected).unwrap();
    assert_eq!(block.len(), 3);
    assert_eq!(block.first_key(), Some(&b"abc"[..]));
    assert_eq!(block.get(b"abd"), Some(&b"22"[..]));
}

#[test]
fn an_empty_block_has_a_restart_point() {
    let bytes = BlockBuilder::new(16).finish();
    assert_eq!(bytes, [0, 0, 0, 0, 1, 0, 0, 0]);
    let block = parse(&bytes).unwrap();
    assert_eq!(
        (block.len(), block.first_key(), block.get(b"")),
        (0, None, None)
    );
}

/// Every interval, those that are written anew too, finds what is there and nothing else.
#[test]
fn any_interval_is_read() {
    for interval in [1, 2, 3, 16, 127, 129, 500, usize::MAX] {
        let (bytes, entries) = built(interval, 700);
        let block = parse(&bytes).unwrap();
        assert_eq!(block.len(), 700);
        assert_eq!(all(&block), entries);
        for (key, value) in &entries {
            assert_eq!(block.get(key), Some(&value[..]), "{interval}");
        }
        for number in 0..700 {
            let between = format!("layer_{:05}", number * 2 + 1);
            assert_eq!(block.get(between.as_bytes()), None);
        }
        assert_eq!(block.get(b""), None);
        assert_eq!(block.get(b"layer"), None);
        assert_eq!(block.get(b"m"), None);
        // Looking up takes a few steps whoever wrote it.
        let points = block.restarts().count();
        assert!(
            interval == 127 || points >= 700 / 16,
            "{points} for {interval}"
        );
    }
}

#[test]
fn an_empty_key_comes_first() {
    let mut builder = BlockBuilder::new(16);
    builder.add(b"", b"header");
    builder.add(b"a", b"1");
    let block = parse(&builder.finish()).unwrap();
    assert_eq!(block.get(b""), Some(&b"header"[..]));
    assert_eq!(block.get(b"a"), Some(&b"1"[..]));
}

#[track_caller]
fn refuses(parts: &[&[u8]], message: &str) {
    let error = parse(&parts.concat()).unwrap_err();
    assert_eq!(error.message(), message);
}

#[test]
fn what_contradicts_itself() {
    const ONE: &[u8] = &[0, 0, 0, 0, 1, 0, 0, 0];
    refuses(&[&[0, 0, 0]], "3 bytes, too few for a block");
    refuses(&[&[0; 4]], "no restart point, expected one at least");
    refuses(
        &[&[0, 0, 0, 0, 2, 0, 0, 0]],
        "2 restart points in a block of 8 bytes",
    );
    refuses(
        &[&[0xff, 0xff, 0xff, 0xff]],
        "4294967295 restart points in a block of 4 bytes",
    );
    refuses(
        &[&[0, 1, 0], b"b", &[0, 1, 0], b"a", ONE],
        "key `a` is not behind the one before",
    );
    refuses(
        &[&[0, 1, 0], b"a", &[1, 0, 0], ONE],
        "key `a` is not behind the one before",
    );
    refuses(
        &[&[0, 1, 0], b"a", &[2, 1, 0], b"b", ONE],
        "2 bytes of the key before, which has 1",
    );
    refuses(&[&[0, 2, 0], b"a", ONE], "1 bytes left, expected 2");
    refuses(&[&[0, 1, 5], b"a", ONE], "0 bytes left, expected 5");
    refuses(&[&[0], ONE], "0 bytes left, expected 1");
}

#[test]
fn restart_points_that_are_none() {
    refuses(
        &[&[0, 1, 0], b"a", &[1, 0, 0, 0, 1, 0, 0, 0]],
        "the first entry is no restart point",
    );
    refuses(
        &[
            &[0, 1, 0],
            b"a",
            &[0, 1, 0],
            b"b",
            &[4, 0, 0, 0, 1, 0, 0, 0],
        ],
        "the first entry is no restart point",
    );
    refuses(
        &[&[0, 1, 0], b"a", &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]],
        "a restart point at 1, where no entry begins",
    );
    refuses(
        &[&[1, 0, 0, 0, 1, 0, 0, 0]],
        "a restart point at 1, where no entry begins",
    );
    let second = [0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0];
    refuses(
        &[&[0, 1, 0], b"a", &[1, 1, 0], b"b", &second],
        "a restart point at a shortened key",
    );
    let falling = [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
    refuses(
        &[&[0, 1, 0], b"a", &falling],
        "a restart point at 0, where no entry begins",
    );
}

#[test]
fn long_keys_that_little_stands_for_stay_within_limits() {
    let mut key = vec![b'k'; 5000];
    let mut builder = BlockBuilder::new(usize::MAX);
    for number in 0..200_u8 {
        key.push(number);
        builder.add(&key, b"");
    }
    let bytes = builder.finish();
    let limits = Limits {
        expansion_floor: 0,
        max_expansion: 4,
        ..Limits::default()
    };
    let error = Block::parse(bytes.clone().into(), 0, &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(parse(&bytes).unwrap().len(), 200);
    let mut builder = BlockBuilder::new(usize::MAX);
    for number in 0..10_000_u16 {
        key.truncate(5000);
        key.extend(number.to_be_bytes());
        builder.add(&key, b"");
    }
    let error = parse(&builder.finish()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let expected = "a block whose keys take more than 1488";
    assert!(error.message().starts_with(expected), "{error}");
}

#[test]
fn long_and_strange_keys_are_shown_short() {
    assert_eq!(shown(b"dense/kernel"), "dense/kernel");
    assert_eq!(shown(b"\x00\x1b"), "\\0\\u{1b}");
    assert_eq!(shown(&[b'x'; 1000]).len(), 103);
}
