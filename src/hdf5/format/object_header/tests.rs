use super::*;

fn symbol_table() -> Message<'static> {
    Message::new(MessageType::SYMBOL_TABLE, 0, vec![7; 16])
}

fn remark() -> Message<'static> {
    Message::new(MessageType::COMMENT, Message::CONSTANT, vec![b'h', b'i', 0])
}

#[test]
fn version_1() {
    check(
        Version::One,
        &[symbol_table(), remark()],
        &[
            &[1, 0, 2, 0],     // version, -, number of messages
            &[1, 0, 0, 0],     // reference count
            &[40, 0, 0, 0],    // bytes of messages
            &[0; 4],           // padding
            &[0x11, 0, 16, 0], // type, size
            &[0, 0, 0, 0],     // flags, -
            &[7; 16],          // content
            &[0x0d, 0, 8, 0],
            &[1, 0, 0, 0],
            b"hi\0",
            &[0; 5], // padding, which counts as content
        ],
    );
}

#[test]
fn version_2() {
    check(
        Version::Two,
        &[symbol_table(), remark()],
        &[
            b"OHDR",
            &[2, 0, 27],       // version, flags, bytes of messages
            &[0x11, 16, 0, 0], // type, size, flags
            &[7; 16],
            &[0x0d, 3, 0, 1],
            b"hi\0",
            &[0x6a, 0xd6, 0x1d, 0x09], // checksum
        ],
    );
}

#[test]
fn version_2_may_hold_times_phase_changes_creation_order_and_a_gap() {
    let mut bytes = [
        b"OHDR".as_slice(),
        &[2, 0b11_0101],        // version, flags
        &[9; 16],               // times
        &[8, 0, 6, 0],          // phase change of attributes
        &[14, 0],               // bytes of messages, in two bytes
        &[0x0d, 3, 0, 1, 5, 0], // type, size, flags, creation order
        b"hi\0",
        &[0; 5], // gap, too short for a message
    ]
    .concat();
    checksum::append(&mut bytes, 0);
    let header = decode(&bytes).unwrap();
    assert_eq!(header.messages.len(), 1);
    assert_eq!(&*header.messages[0].body, b"hi\0");
    assert_eq!(header.messages[0].offset, 0x100 + 34);
}

#[test]
fn goes_on_elsewhere() {
    let mut chunks = Vec::new();
    ObjectHeader {
        version: Version::One,
        messages: vec![
            Message::new(MessageType::CONTINUATION, 0, place(80, 24)),
            Message::new(MessageType::NIL, 0, vec![]),
            symbol_table(),
        ],
    }
    .encode(&mut chunks);
    chunks.resize(80, 0);
    chunks.extend([0x0d, 0, 16, 0, 1, 0, 0, 0]);
    chunks.extend(*b"in another chunk");
    let header = decode(&chunks).unwrap();
    let kinds: Vec<_> = header.messages.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [MessageType::SYMBOL_TABLE, MessageType::COMMENT]);
}

#[test]
fn a_chunk_is_not_continued_by_itself() {
    let mut bytes = Vec::new();
    ObjectHeader {
        version: Version::One,
        messages: vec![Message::new(MessageType::CONTINUATION, 0, place(16, 24))],
    }
    .encode(&mut bytes);
    fails(
        &bytes,
        "object header: continuation chunk is continued by itself (at byte 0x110)",
    );
}

#[test]
fn chunks_are_not_longer_than_the_file() {
    let mut bytes = Vec::new();
    ObjectHeader {
        version: Version::One,
        messages: vec![Message::new(MessageType::CONTINUATION, 0, place(16, 41))],
    }
    .encode(&mut bytes);
    fails(
        &bytes,
        "object header: continuation chunks are longer than the file (at byte 0x110)",
    );
}

#[test]
fn what_is_wrong() {
    fails(
        &[0; 16],
        "object header: version 0, expected 1 or the signature `OHDR` (at byte 0x100)",
    );
    fails(
        b"OHDR\x03",
        "object header: version 3, expected 2 (at byte 0x104)",
    );
    fails(
        &[
            1, 0, 1, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0,
        ],
        "object header: 0 bytes left, expected 9 (at byte 0x118)",
    );
    fails(
        b"OHDR\x02\0\0\x01\x02\x03\x04",
        "object header: object header checksum 0x04030201, expected 0xac0417ef (at byte 0x107)",
    );
    fails(
        &[],
        "object header at address 0x0, expected one below 0x0 (at byte 0x100)",
    );
}

fn place(address: u64, length: u64) -> Vec<u8> {
    let mut body = Vec::new();
    Continuation {
        address: Address(address),
        length,
    }
    .encode(&mut body);
    body
}

fn decode(bytes: &[u8]) -> Result<ObjectHeader<'_>> {
    let image = Image::new(bytes, 0x100);
    ObjectHeader::decode(Sizes::EIGHT, image, Address(0), &Limits::default())
}

#[track_caller]
fn check(version: Version, messages: &[Message<'_>], parts: &[&[u8]]) {
    let bytes = parts.concat();
    let header = ObjectHeader {
        version,
        messages: messages.to_vec(),
    };
    let mut encoded = Vec::new();
    header.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.version, version);
    for (found, expected) in decoded.messages.iter().zip(messages) {
        assert_eq!((found.kind, found.flags), (expected.kind, expected.flags));
        assert!(found.body.starts_with(&expected.body));
        assert!(found.body.len() < expected.body.len() + 8);
    }
    assert_eq!(decoded.messages.len(), messages.len());
}

#[track_caller]
fn fails(bytes: &[u8], message: &str) {
    assert_eq!(decode(bytes).unwrap_err().to_string(), message);
}
