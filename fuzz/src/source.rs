//! Choices made from fuzzer bytes.

/// Turns bytes into choices: every input is valid, and an exhausted one answers zero.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    rest: &'a [u8],
}

impl<'a> Source<'a> {
    /// Choices from `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Source { rest: data }
    }

    /// Whether all bytes are used up.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn u8(&mut self) -> u8 {
        let Some((&first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        first
    }

    /// A number from two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    /// A number below `bound`, from one byte while that suffices.
    pub fn below(&mut self, bound: u16) -> u16 {
        match bound {
            0 | 1 => 0,
            2..=256 => u16::from(self.u8()) % bound,
            _ => self.u16() % bound,
        }
    }

    /// A coin.
    pub fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// Up to `len` bytes, fewer at the end.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Exactly `len` bytes: the rest, then zeros.
    pub fn exactly(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = self.bytes(len).to_vec();
        bytes.resize(len, 0);
        bytes
    }

    /// A short string, mostly of letters, now and then of anything UTF-8 has.
    pub fn string(&mut self, longest: u16) -> String {
        let len = self.below(longest.saturating_add(1));
        (0..len)
            .map(|_| match self.u8() {
                byte @ 0x20..=0x7e => char::from(byte),
                byte @ 0x80..=0x9f => char::from(b'a' + (byte & 0x0f)),
                _ => char::from_u32(u32::from(self.u16())).unwrap_or('\u{1F9CA}'),
            })
            .collect()
    }

    /// One of `choices`, which may not be empty.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let bound = u16::try_from(choices.len()).unwrap_or(u16::MAX);
        choices[usize::from(self.below(bound))]
    }
}
