//! Object headers: the messages that make an object. See `spec/hdf5.md#object-header`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::fmt;

use crate::codec::{Cursor, Put};
use crate::error::{Context, Error, Result};
use crate::hdf5::format::image::Image;
use crate::hdf5::format::message::continuation::Continuation;
use crate::hdf5::format::{Address, Sizes, checksum, file_length, short_length};
use crate::limits::Limits;

/// What a message is about. An open enumeration: unknown messages are skipped.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MessageType(pub u16);

macro_rules! message_types {
    ($($(#[$doc:meta])* $value:literal $constant:ident $name:literal;)*) => {
        impl MessageType {
            $($(#[$doc])* pub(crate) const $constant: Self = Self($value);)*

            /// What the format calls it.
            pub(crate) fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

message_types! {
    /// Nothing: room left over.
    0x00 NIL "nil";
    /// The shape.
    0x01 DATASPACE "dataspace";
    /// How a new-style group keeps its links.
    0x02 LINK_INFO "link info";
    /// The element type.
    0x03 DATATYPE "datatype";
    /// What elements never written are, in the form of old libraries.
    0x04 OLD_FILL_VALUE "old fill value";
    /// What elements never written are.
    0x05 FILL_VALUE "fill value";
    /// One link.
    0x06 LINK "link";
    /// Raw data in other files.
    0x07 EXTERNAL_FILES "external files";
    /// Where the raw data is.
    0x08 LAYOUT "layout";
    /// A message for tests of the C library.
    0x09 BOGUS "bogus";
    /// Hints for whoever adds links.
    0x0a GROUP_INFO "group info";
    /// What happens to raw data on its way to the file.
    0x0b FILTER_PIPELINE "filter pipeline";
    /// One attribute.
    0x0c ATTRIBUTE "attribute";
    /// A remark.
    0x0d COMMENT "comment";
    /// When the object was last changed, in the form of old libraries.
    0x0e OLD_MODIFICATION_TIME "old modification time";
    /// Where messages shared between objects are.
    0x0f SHARED_MESSAGES "shared message table";
    /// Where the header goes on.
    0x10 CONTINUATION "continuation";
    /// Where an old-style group keeps its links.
    0x11 SYMBOL_TABLE "symbol table";
    /// When the object was last changed.
    0x12 MODIFICATION_TIME "modification time";
    /// Widths of B-trees that differ from the usual ones.
    0x13 BTREE_K "B-tree K values";
    /// Which driver wrote the file.
    0x14 DRIVER_INFO "driver info";
    /// How the object keeps its attributes.
    0x15 ATTRIBUTE_INFO "attribute info";
    /// How many links lead to the object.
    0x16 REFERENCE_COUNT "reference count";
    /// How the file's space is managed.
    0x17 FILE_SPACE_INFO "file space info";
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

/// One message of an object header.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message<'a> {
    /// What it is about.
    pub kind: MessageType,
    /// How to treat it: see the constants.
    pub flags: u8,
    /// Its content.
    pub body: Cow<'a, [u8]>,
    /// Where in the file the content begins; of no meaning when encoded.
    pub offset: u64,
}

impl Message<'_> {
    /// Flag: the content never changes.
    pub(crate) const CONSTANT: u8 = 0b0000_0001;
    /// Flag: the content says where the message is, because several objects share it.
    pub(crate) const SHARED: u8 = 0b0000_0010;
    /// Flag: who does not know the message cannot read the object.
    pub(crate) const MUST_BE_KNOWN: u8 = 0b1000_0000;

    /// A message to be written.
    pub(crate) fn new(kind: MessageType, flags: u8, body: Vec<u8>) -> Message<'static> {
        Message {
            kind,
            flags,
            body: Cow::Owned(body),
            offset: 0,
        }
    }

    /// The content, to be decoded.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.body, self.offset)
    }

    /// Whether the content is elsewhere.
    pub(crate) fn is_shared(&self) -> bool {
        self.flags & Self::SHARED != 0
    }
}

/// Which of the two forms an object header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Messages padded to eight bytes, counted, no checksum.
    One,
    /// A signature, no padding, a checksum.
    Two,
}

/// The messages that make an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectHeader<'a> {
    /// Which form it has.
    pub version: Version,
    /// All messages but nil and continuation, in the order of the chunks.
    pub messages: Vec<Message<'a>>,
}

impl<'a> ObjectHeader<'a> {
    const SIGNATURE: [u8; 4] = *b"OHDR";
    const CONTINUED: [u8; 4] = *b"OCHK";
    const VERSION_1: u8 = 1;
    const VERSION_2: u8 = 2;

    // Flags of version 2.
    const SIZE_WIDTH: u8 = 0b00_0011;
    const TRACKS_CREATION_ORDER: u8 = 0b00_0100;
    const HAS_PHASE_CHANGE: u8 = 0b01_0000;
    const HAS_TIMES: u8 = 0b10_0000;

    /// Reads the header at `at`, with all its continuations.
    pub(crate) fn decode(
        sizes: Sizes,
        image: Image<'a>,
        at: Address,
        limits: &Limits,
    ) -> Result<Self> {
        let mut from = image.cursor(at, "object header")?;
        if from.rest().starts_with(&Self::SIGNATURE) {
            Self::decode_2(sizes, image, &mut from, limits)
        } else {
            Self::decode_1(sizes, image, &mut from, limits)
        }
        .within(|| "object header")
    }

    fn decode_1(
        sizes: Sizes,
        image: Image<'a>,
        from: &mut Cursor<'a>,
        limits: &Limits,
    ) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION_1 {
            return Err(Error::malformed(
                at,
                format!("version {version}, expected 1 or the signature `OHDR`"),
            ));
        }
        from.skip(1)?;
        from.skip(2)?; // the number of messages, which follows from the chunks
        from.skip(4)?; // reference count
        let length = from.u32()?;
        from.skip(4)?; // padding to eight bytes
        let mut chunks = Chunks::new(sizes, image);
        let mut chunk = from.sub(length.into())?;
        loop {
            while chunk.remaining() > 0 {
                let kind = MessageType(chunk.u16()?);
                let length = chunk.u16()?;
                let flags = chunk.u8()?;
                chunk.skip(3)?;
                chunks.message(kind, flags, chunk.sub(length.into())?, limits)?;
            }
            let Some(next) = chunks.next()? else {
                break;
            };
            chunk = next;
        }
        Ok(ObjectHeader {
            version: Version::One,
            messages: chunks.messages,
        })
    }

    fn decode_2(
        sizes: Sizes,
        image: Image<'a>,
        from: &mut Cursor<'a>,
        limits: &Limits,
    ) -> Result<Self> {
        let start = from.clone();
        from.magic(&Self::SIGNATURE, "object header")?;
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION_2 {
            return Err(Error::malformed(
                at,
                format!("version {version}, expected 2"),
            ));
        }
        let flags = from.u8()?;
        if flags & Self::HAS_TIMES != 0 {
            from.skip(16)?;
        }
        if flags & Self::HAS_PHASE_CHANGE != 0 {
            from.skip(4)?;
        }
        let length = from.uint(1_usize << (flags & Self::SIZE_WIDTH))?;
        let ordered = flags & Self::TRACKS_CREATION_ORDER != 0;
        let mut chunks = Chunks::new(sizes, image);
        let mut chunk = from.sub(length)?;
        checksum::verify(start, from, "object header")?;
        loop {
            let head: usize = if ordered { 6 } else { 4 };
            // What is too short for a message is a gap.
            while chunk.remaining() >= head {
                let kind = MessageType(chunk.u8()?.into());
                let length = chunk.u16()?;
                let flags = chunk.u8()?;
                if ordered {
                    chunk.skip(2)?;
                }
                chunks.message(kind, flags, chunk.sub(length.into())?, limits)?;
            }
            let Some(next) = chunks.next()? else {
                break;
            };
            chunk = Self::open_continued(next)?;
        }
        Ok(ObjectHeader {
            version: Version::Two,
            messages: chunks.messages,
        })
    }

    /// The messages of a continuation chunk of version 2.
    fn open_continued(mut chunk: Cursor<'a>) -> Result<Cursor<'a>> {
        let start = chunk.clone();
        chunk.magic(&Self::CONTINUED, "object header continuation")?;
        let length = file_length(chunk.remaining())
            .checked_sub(4)
            .ok_or_else(|| Error::malformed(chunk.offset(), "no room for a checksum"))?;
        let messages = chunk.sub(length)?;
        checksum::verify(start, &mut chunk, "object header continuation")?;
        Ok(messages)
    }

    /// Writes the header as one chunk; no content may be longer than 65,528 bytes.
    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        match self.version {
            Version::One => self.encode_1(to),
            Version::Two => self.encode_2(to),
        }
    }

    /// An empty buffer that need not grow while the messages go in.
    fn room(&self) -> Vec<u8> {
        let bodies = self.messages.iter().map(|message| message.body.len());
        Vec::with_capacity(bodies.map(|len| len.saturating_add(16)).sum())
    }

    fn encode_1(&self, to: &mut Vec<u8>) {
        let mut chunk = self.room();
        for message in &self.messages {
            chunk.put_u16(message.kind.0);
            chunk.put_u16(short_length(message.body.len().next_multiple_of(8)));
            chunk.put_u8(message.flags);
            chunk.put_zeros(3);
            chunk.extend(&*message.body);
            chunk.pad_to(8);
        }
        to.put_u8(Self::VERSION_1);
        to.put_u8(0);
        to.put_u16(short_length(self.messages.len()));
        to.put_u32(1); // reference count
        to.put_u32(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        to.put_zeros(4);
        to.extend(chunk);
    }

    fn encode_2(&self, to: &mut Vec<u8>) {
        let start = to.len();
        let mut chunk = self.room();
        for message in &self.messages {
            chunk.put_u8(u8::try_from(message.kind.0).unwrap_or(u8::MAX));
            chunk.put_u16(short_length(message.body.len()));
            chunk.put_u8(message.flags);
            chunk.extend(&*message.body);
        }
        let length = file_length(chunk.len());
        let (width, log) = match length {
            0..=0xff => (1, 0),
            0x100..=0xffff => (2, 1),
            0x1_0000..=0xffff_ffff => (4, 2),
            _ => (8, 3),
        };
        to.extend(Self::SIGNATURE);
        to.put_u8(Self::VERSION_2);
        to.put_u8(log);
        to.extend(length.to_le_bytes().iter().take(width));
        to.extend(chunk);
        checksum::append(to, start);
    }
}

/// The chunks of one object header: what was found in them, and which are still to be read.
struct Chunks<'a> {
    sizes: Sizes,
    image: Image<'a>,
    pending: VecDeque<Continuation>,
    seen: HashSet<Address>,
    /// Chunks do not overlap, so together they cannot be longer than the file.
    room: u64,
    messages: Vec<Message<'a>>,
}

impl<'a> Chunks<'a> {
    fn new(sizes: Sizes, image: Image<'a>) -> Self {
        Chunks {
            sizes,
            image,
            pending: VecDeque::new(),
            seen: HashSet::new(),
            room: image.len(),
            messages: Vec::new(),
        }
    }

    fn message(
        &mut self,
        kind: MessageType,
        flags: u8,
        mut body: Cursor<'a>,
        limits: &Limits,
    ) -> Result<()> {
        match kind {
            MessageType::NIL => {}
            MessageType::CONTINUATION => {
                let next = Continuation::decode(self.sizes, &mut body)
                    .within(|| "continuation message")?;
                self.pending.push_back(next);
            }
            kind => {
                self.messages.push(Message {
                    kind,
                    flags,
                    body: Cow::Borrowed(body.rest()),
                    offset: body.offset(),
                });
                limits.objects(file_length(self.messages.len()), "header messages")?;
            }
        }
        Ok(())
    }

    /// The next chunk, if there is one.
    fn next(&mut self) -> Result<Option<Cursor<'a>>> {
        let Some(Continuation { address, length }) = self.pending.pop_front() else {
            return Ok(None);
        };
        if !self.seen.insert(address) {
            return Err(Error::malformed(
                self.image.offset(address),
                "continuation chunk is continued by itself",
            ));
        }
        self.room = self.room.checked_sub(length).ok_or_else(|| {
            Error::malformed(
                self.image.offset(address),
                "continuation chunks are longer than the file",
            )
        })?;
        self.image
            .part(address, length, "continuation chunk")
            .map(Some)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests;
