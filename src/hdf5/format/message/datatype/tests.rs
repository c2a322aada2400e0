use super::*;
use crate::error::ErrorKind;

#[track_caller]
fn check(datatype: Datatype, version: DatatypeVersion, bytes: &[u8]) {
    let mut encoded = Vec::new();
    datatype.encode(version, &mut encoded);
    assert_eq!(encoded, bytes);
    check_decode(&datatype, bytes);
}

#[track_caller]
fn check_decode(datatype: &Datatype, bytes: &[u8]) {
    let mut from = Cursor::new(bytes, 0);
    assert_eq!(Datatype::decode(&mut from).unwrap(), *datatype);
    assert_eq!(from.remaining(), 0);
}

#[track_caller]
fn check_error(bytes: &[u8], message: &str) {
    let error = Datatype::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
    assert_eq!(error.message(), message);
}

const V1: DatatypeVersion = DatatypeVersion::V1;
const V3: DatatypeVersion = DatatypeVersion::V3;

#[test]
#[rustfmt::skip]
fn integers() {
    check(Datatype::Integer(Integer::signed(8)), V1, &[
        0x10, 0x08, 0, 0, // version 1, class 0; signed, little-endian
        8, 0, 0, 0, // size
        0, 0, 64, 0, // bit offset, precision
    ]);
    check(Datatype::Integer(Integer::unsigned(1)), V3, &[
        0x30, 0, 0, 0, // version 3, class 0; unsigned, little-endian
        1, 0, 0, 0, // size
        0, 0, 8, 0, // bit offset, precision
    ]);
    let big = Integer { order: ByteOrder::Big, offset: 4, precision: 12, ..Integer::signed(2) };
    check(Datatype::Integer(big), V1, &[
        0x10, 0x09, 0, 0, // version 1, class 0; signed, big-endian
        2, 0, 0, 0, // size
        4, 0, 12, 0, // bit offset, precision
    ]);
}

#[test]
#[rustfmt::skip]
fn floats() {
    check(Datatype::Float(Float::F32), V1, &[
        0x11, 0x20, 31, 0, // version 1, class 1; implied bit, sign at 31
        4, 0, 0, 0, // size
        0, 0, 32, 0, // bit offset, precision
        23, 8, 0, 23, // exponent location and size, mantissa location and size
        127, 0, 0, 0, // exponent bias
    ]);
    check(Datatype::Float(Float::F16), V1, &[
        0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0,
    ]);
    check(Datatype::Float(Float::F64), V1, &[
        0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0,
    ]);
    check(Datatype::Float(Float::BF16), V1, &[
        0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 7, 8, 0, 7, 127, 0, 0, 0,
    ]);
    check(Datatype::Float(Float::F8_E4M3), V1, &[
        0x11, 0x20, 7, 0, 1, 0, 0, 0, 0, 0, 8, 0, 3, 4, 0, 3, 7, 0, 0, 0,
    ]);
    check(Datatype::Float(Float::F8_E5M2), V1, &[
        0x11, 0x20, 7, 0, 1, 0, 0, 0, 0, 0, 8, 0, 2, 5, 0, 2, 15, 0, 0, 0,
    ]);
    check(Datatype::Float(Float { order: ByteOrder::Big, ..Float::F32 }), V3, &[
        0x31, 0x21, 31, 0, // version 3, class 1; implied bit, big-endian, sign at 31
        4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
    ]);
}

#[test]
#[rustfmt::skip]
fn times_and_bit_fields() {
    check(Datatype::Time(Time { size: 4, order: ByteOrder::Little, precision: 32 }), V1, &[
        0x12, 0, 0, 0, // version 1, class 2; little-endian
        4, 0, 0, 0, // size
        32, 0, // precision
    ]);
    let field = BitField { size: 1, order: ByteOrder::Little, offset: 1, precision: 3 };
    check(Datatype::BitField(field), V1, &[
        0x14, 0, 0, 0, // version 1, class 4; little-endian
        1, 0, 0, 0, // size
        1, 0, 3, 0, // bit offset, precision
    ]);
}

#[test]
#[rustfmt::skip]
fn strings() {
    check(Datatype::fixed_string(9, Charset::Ascii), V1, &[
        0x13, 0x01, 0, 0, // version 1, class 3; NUL-padded, ASCII
        9, 0, 0, 0, // size
    ]);
    check(
        Datatype::FixedString { size: 2, padding: StringPadding::SpacePadded, charset: Charset::Utf8 },
        V1,
        &[
            0x13, 0x12, 0, 0, // version 1, class 3; space-padded, UTF-8
            2, 0, 0, 0, // size
        ],
    );
    check(Datatype::variable_string(Charset::Utf8), V1, &[
        0x19, 0x01, 0x01, 0, // version 1, class 9; string, NUL-terminated, UTF-8
        16, 0, 0, 0, // size
        0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, // base: unsigned byte
    ]);
    for (padding, bytes, stripped) in [
        (StringPadding::NullTerminated, &b"ab\0cd\0"[..], &b"ab"[..]),
        (StringPadding::NullTerminated, b"abc", b"abc"),
        (StringPadding::NullPadded, b"ab\0cd\0\0", b"ab\0cd"),
        (StringPadding::SpacePadded, b" ab  ", b" ab"),
        (StringPadding::SpacePadded, b"  ", b""),
    ] {
        assert_eq!(padding.strip(bytes), stripped);
    }
}

#[test]
#[rustfmt::skip]
fn opaque_and_references() {
    check(Datatype::Opaque { size: 2, tag: Vec::new() }, V1, &[
        0x15, 0, 0, 0, // version 1, class 5; no tag
        2, 0, 0, 0, // size
    ]);
    check(Datatype::Opaque { size: 3, tag: b"seed".to_vec() }, V1, &[
        0x15, 8, 0, 0, // version 1, class 5; tag of 8 bytes
        3, 0, 0, 0, // size
        b's', b'e', b'e', b'd', 0, 0, 0, 0, // tag, padded
    ]);
    check(Datatype::Reference { size: 8, kind: 0 }, V1, &[
        0x17, 0, 0, 0, // version 1, class 7; object
        8, 0, 0, 0, // size
    ]);
    check(Datatype::Reference { size: 18, kind: 0x12 }, V1, &[
        0x47, 0x12, 0, 0, // version 4, class 7; object of 2021, encoding 1
        18, 0, 0, 0, // size
    ]);
}

/// Booleans as h5py writes them.
fn boolean() -> Datatype {
    Datatype::Enumeration(Enumeration {
        base: Box::new(Datatype::Integer(Integer::signed(1))),
        members: vec![("FALSE".to_owned(), vec![0]), ("TRUE".to_owned(), vec![1])],
    })
}

#[test]
#[rustfmt::skip]
fn enumerations() {
    check(boolean(), V1, &[
        0x18, 2, 0, 0, // version 1, class 8; two members
        1, 0, 0, 0, // size
        0x10, 0x08, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, // base: signed byte
        b'F', b'A', b'L', b'S', b'E', 0, 0, 0, // name, padded
        b'T', b'R', b'U', b'E', 0, 0, 0, 0, // name, padded
        0, 1, // values
    ]);
    check(boolean(), V3, &[
        0x38, 2, 0, 0, // version 3, class 8; two members
        1, 0, 0, 0, // size
        0x30, 0x08, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, // base: signed byte
        b'F', b'A', b'L', b'S', b'E', 0, b'T', b'R', b'U', b'E', 0, // names
        0, 1, // values
    ]);
}

fn level() -> Datatype {
    Datatype::Enumeration(Enumeration {
        base: Box::new(Datatype::Integer(Integer::unsigned(1))),
        members: vec![("LOW".to_owned(), vec![0]), ("HIGH".to_owned(), vec![1])],
    })
}

/// Complex numbers as h5py writes them.
fn complex64() -> Datatype {
    let part = |name: &str, offset| Member {
        name: name.to_owned(),
        offset,
        datatype: Datatype::Float(Float::F32),
    };
    Datatype::Compound(Compound {
        size: 8,
        members: vec![part("r", 0), part("i", 4)],
    })
}

const F32_V1: [u8; 20] = [
    0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
];
const F32_V3: [u8; 20] = [
    0x31, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
];

#[test]
#[rustfmt::skip]
fn compounds() {
    let v1 = [
        &[
            0x16, 2, 0, 0, // version 1, class 6; two members
            8, 0, 0, 0, // size
            b'r', 0, 0, 0, 0, 0, 0, 0, // name, padded
            0, 0, 0, 0, // offset
            0, 0, 0, 0, // rank, reserved
            0, 0, 0, 0, 0, 0, 0, 0, // permutation, reserved
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // four dimensions
        ][..],
        &F32_V1,
        &[
            b'i', 0, 0, 0, 0, 0, 0, 0, // name, padded
            4, 0, 0, 0, // offset
            0, 0, 0, 0, // rank, reserved
            0, 0, 0, 0, 0, 0, 0, 0, // permutation, reserved
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // four dimensions
        ],
        &F32_V1,
    ]
    .concat();
    check(complex64(), V1, &v1);
    let v3 = [
        &[
            0x36, 2, 0, 0, // version 3, class 6; two members
            8, 0, 0, 0, // size
            b'r', 0, 0, // name, offset
        ][..],
        &F32_V3,
        &[b'i', 0, 4], // name, offset
        &F32_V3,
    ]
    .concat();
    check(complex64(), V3, &v3);
}

#[test]
#[rustfmt::skip]
fn old_members_with_dimensions_become_arrays() {
    let bytes = [
        &[
            0x16, 1, 0, 0, // version 1, class 6; one member
            24, 0, 0, 0, // size
            b'a', 0, 0, 0, 0, 0, 0, 0, // name, padded
            0, 0, 0, 0, // offset
            2, 0, 0, 0, // rank, reserved
            0, 0, 0, 0, 0, 0, 0, 0, // permutation, reserved
            2, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, // dimensions; the last two unused
        ][..],
        &F32_V1,
    ]
    .concat();
    let array = Datatype::Array(Array { dims: vec![2, 3], base: Box::new(Datatype::Float(Float::F32)) });
    let member = Member { name: "a".to_owned(), offset: 0, datatype: array };
    let compound = Datatype::Compound(Compound { size: 24, members: vec![member] });
    check_decode(&compound, &bytes);
    // Written again it takes version 2, the first with arrays.
    let mut encoded = Vec::new();
    compound.encode(V1, &mut encoded);
    assert_eq!(encoded[0], 0x26);
    check_decode(&compound, &encoded);
}

#[test]
#[rustfmt::skip]
fn arrays_lists_and_complex_numbers() {
    let array = Datatype::Array(Array { dims: vec![3], base: Box::new(Datatype::Float(Float::F32)) });
    check(array.clone(), V1, &[
        &[
            0x2a, 0, 0, 0, // version 2, class 10
            12, 0, 0, 0, // size
            1, 0, 0, 0, // rank, reserved
            3, 0, 0, 0, // dimension
            0, 0, 0, 0, // permutation
        ][..],
        &F32_V1,
    ]
    .concat());
    check(array.clone(), V3, &[
        &[
            0x3a, 0, 0, 0, // version 3, class 10
            12, 0, 0, 0, // size
            1, // rank
            3, 0, 0, 0, // dimension
        ][..],
        &F32_V3,
    ]
    .concat());
    check(Datatype::Sequence { size: 16, base: Box::new(Datatype::Float(Float::F32)) }, V1, &[
        &[
            0x19, 0, 0, 0, // version 1, class 9; list
            16, 0, 0, 0, // size
        ][..],
        &F32_V1,
    ]
    .concat());
    check(Datatype::Complex { base: Box::new(Datatype::Float(Float::F32)) }, V3, &[
        &[
            0x5b, 1, 0, 0, // version 5, class 11; rectangular, equal parts
            8, 0, 0, 0, // size
        ][..],
        &F32_V3,
    ]
    .concat());
    assert!(Datatype::Sequence { size: 16, base: Box::new(array) }.needs_heap());
}

#[test]
fn offsets_are_as_wide_as_the_size_needs() {
    for (size, width) in [(0xff, 1), (0x100, 2), (0x1_0000, 3), (0x100_0000, 4)] {
        let datatype = Datatype::Compound(Compound {
            size,
            members: vec![Member {
                name: "x".to_owned(),
                offset: size - 4,
                datatype: Datatype::Float(Float::F32),
            }],
        });
        let mut bytes = Vec::new();
        datatype.encode(V3, &mut bytes);
        assert_eq!(bytes.len(), 8 + 2 + width + 20);
        check_decode(&datatype, &bytes);
    }
}

#[test]
fn contradictions_are_errors() {
    for (bytes, message) in [
        (
            &[0x1c, 0, 0, 0, 1, 0, 0, 0][..],
            "datatype of class 12: no such class, expected 0 to 11",
        ),
        (
            &[0x60, 0, 0, 0, 1, 0, 0, 0],
            "datatype of class 0: version 6, expected 1 to 5",
        ),
        (
            &[0x10, 0, 0, 0, 0, 0, 0, 0],
            "datatype of class 0: size 0, expected at least 1",
        ),
        (
            &[0x10, 0, 0, 0, 1, 0, 0, 0, 4, 0, 8, 0],
            "datatype of class 0: 8 bits from bit 4 in 1 bytes",
        ),
        (
            &[
                0x11, 0x20, 16, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0,
            ],
            "datatype of class 1: sign, exponent or mantissa beyond bit 16",
        ),
        (
            &[0x13, 0x03, 0, 0, 1, 0, 0, 0],
            "datatype of class 3: string padding 3, expected 0 to 2",
        ),
        (
            &[0x13, 0x20, 0, 0, 1, 0, 0, 0],
            "datatype of class 3: character set 2, expected 0 or 1",
        ),
        (
            &[0x16, 0, 0, 0, 1, 0, 0, 0],
            "datatype of class 6: no members, expected at least one",
        ),
        (
            &[0x36, 1, 0, 0, 1, 0, 0, 0, b'a'],
            "datatype of class 6: member name without an end",
        ),
        (
            &[
                0x36, 1, 0, 0, 1, 0, 0, 0, b'a', 0, 1, 0x30, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0,
            ],
            "datatype of class 6: member `a` ends at byte 2 of 1",
        ),
        (
            &[0x3a, 0, 0, 0, 1, 0, 0, 0, 33],
            "datatype of class 10: array of rank 33, expected 1 to 32",
        ),
    ] {
        check_error(bytes, message);
    }
}

#[test]
fn types_nest_only_so_deep() {
    let list = [0x19, 0, 0, 0, 16, 0, 0, 0];
    check_error(
        &list.repeat(100),
        "datatype of class 9: nested deeper than 32 types",
    );
    let mixed = [0x5b, 0, 0, 0, 8, 0, 0, 0];
    let error = Datatype::decode(&mut Cursor::new(&mixed, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn shown_as_people_call_them() {
    for (datatype, shown) in [
        (Datatype::Integer(Integer::unsigned(2)), "uint16"),
        (
            Datatype::Integer(Integer {
                order: ByteOrder::Big,
                precision: 12,
                ..Integer::signed(2)
            }),
            "int12 in 2 bytes big-endian",
        ),
        (Datatype::Float(Float::BF16), "bfloat16"),
        (
            Datatype::Float(Float {
                order: ByteOrder::Big,
                ..Float::F64
            }),
            "float64 big-endian",
        ),
        (Datatype::fixed_string(12, Charset::Ascii), "string[12]"),
        (Datatype::variable_string(Charset::Utf8), "string"),
        (complex64(), "complex64"),
        (boolean(), "bool"),
        (level(), "enum(LOW, HIGH)"),
    ] {
        assert_eq!(datatype.to_string(), shown);
    }
}
