use super::*;

fn pipeline(filters: &[(u16, &[u32])]) -> Pipeline {
    let filters = filters.iter().map(|(id, values)| Filter {
        id: *id,
        name: None,
        values: values.to_vec(),
    });
    Pipeline::new(&FilterPipeline {
        filters: filters.collect(),
    })
    .unwrap()
}

#[track_caller]
fn check(filters: &[(u16, &[u32])], left_out: u32, stored: &[u8], expected: &[u8]) {
    let mut out = vec![0xee; expected.len()];
    let mut scratch = Scratch::default();
    pipeline(filters)
        .decode(stored, left_out, &mut scratch, &mut out)
        .unwrap();
    assert_eq!(out, expected);
}

/// `abcdef`, two bytes an element.
const SHUFFLED: &[u8] = b"acebdf";

fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut summed = bytes.to_vec();
    summed.extend(crate::checksum::fletcher32(bytes).to_le_bytes());
    summed
}

#[test]
fn filters_are_undone_from_the_last_to_the_first() {
    check(&[], 0, b"abc", b"abc");
    check(&[(SHUFFLE, &[2])], 0, SHUFFLED, b"abcdef");
    let literal = |bytes: &[u8]| {
        let mut lzf = vec![u8::try_from(bytes.len() - 1).unwrap()];
        lzf.extend(bytes);
        lzf
    };
    let both: &[(u16, &[u32])] = &[(SHUFFLE, &[2]), (LZF, &[])];
    check(both, 0, &literal(SHUFFLED), b"abcdef");
    // A checksum of what is stored, and one of what was there at first.
    let last: &[(u16, &[u32])] = &[(SHUFFLE, &[2]), (LZF, &[]), (FLETCHER32, &[])];
    check(last, 0, &summed(&literal(SHUFFLED)), b"abcdef");
    let first: &[(u16, &[u32])] = &[(FLETCHER32, &[]), (LZF, &[]), (LZF, &[])];
    check(first, 0, &literal(&literal(&summed(b"abc"))), b"abc");
    check(&[(FLETCHER32, &[])], 0, &summed(b"abc"), b"abc");
}

#[test]
fn a_chunk_can_leave_filters_out() {
    let both: &[(u16, &[u32])] = &[(SHUFFLE, &[2]), (LZF, &[])];
    check(both, 0b10, SHUFFLED, b"abcdef");
    check(both, 0b11, b"abcdef", b"abcdef");
    check(&[(32_001, &[])], 0b1, b"abc", b"abc");
}

#[test]
fn the_result_must_fill_the_chunk() {
    for (filters, stored, message) in [
        (
            &[(SHUFFLE, &[2][..])][..],
            &b"ab"[..],
            "2 bytes behind the filters, expected 3",
        ),
        (&[], b"ab", "2 bytes behind the filters, expected 3"),
        (
            &[(SHUFFLE, &[2])],
            b"abcd",
            "more than 3 bytes, which is all that a chunk holds",
        ),
    ] {
        let mut scratch = Scratch::default();
        let decoded = pipeline(filters).decode(stored, 0, &mut scratch, &mut [0; 3]);
        assert_eq!(decoded.unwrap_err().message(), message);
    }
}

#[test]
fn what_is_not_read_has_a_name_and_a_number() {
    for (id, name, message) in [
        (4, None, "filter szip (number 4)"),
        (32_008, Some("other"), "filter bitshuffle (number 32008)"),
        (999, Some("mine"), "filter `mine` (number 999)"),
        (999, None, "filter number 999"),
    ] {
        let filter = Filter {
            id,
            name: name.map(str::to_owned),
            values: Vec::new(),
        };
        let pipeline = Pipeline::new(&FilterPipeline {
            filters: vec![filter],
        });
        let mut scratch = Scratch::default();
        let decoded = pipeline
            .unwrap()
            .decode(b"abc", 0, &mut scratch, &mut [0; 3]);
        let error = decoded.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Unsupported, message)
        );
    }
}

#[test]
fn scratch_memory_is_counted() {
    let shuffle: (u16, &[u32]) = (SHUFFLE, &[2]);
    let check = |filters: &[(u16, &[u32])], expected| {
        assert_eq!(pipeline(filters).scratch_copies(), expected);
    };
    check(&[], 0);
    check(&[shuffle], 0);
    check(&[shuffle, (LZF, &[])], 1);
    check(&[shuffle, (LZF, &[]), (FLETCHER32, &[])], 1);
    check(&[(FLETCHER32, &[]), (LZF, &[])], 1);
    check(&[shuffle, shuffle, shuffle], 2);
}
