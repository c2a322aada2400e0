//! Checksums of parts of a file, computed wherever the bytes pass by, and combined at the end.

use std::ops::Range;

use super::plan::{Digests, Request, len_of};

/// The checksums a plan asks for, found by place.
pub(super) struct Wanted<'p> {
    requests: &'p [Request],
    /// Numbers of the requests, by where they start.
    by_start: Vec<usize>,
    /// For each of `by_start` the furthest end of it and those before it. It never falls, so that
    /// requests which end too early are passed over by bisection.
    furthest: Vec<u64>,
}

/// The checksum of consecutive bytes of a request's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    request: usize,
    offset: u64,
    len: u64,
    crc: u32,
}

/// Among how many pieces the one is looked for that bytes go on. As many requests can overlap
/// without losing anything.
const RECENT: usize = 4;

impl<'p> Wanted<'p> {
    pub(super) fn new(requests: &'p [Request]) -> Self {
        let mut by_start: Vec<usize> = (0..requests.len()).collect();
        by_start.sort_by_key(|number| requests[*number].range.start);
        let mut end = 0;
        let furthest = by_start.iter().map(|number| {
            end = requests[*number].range.end.max(end);
            end
        });
        Wanted {
            furthest: furthest.collect(),
            requests,
            by_start,
        }
    }

    /// Whether a checksum of any byte in `range` is asked for.
    pub(super) fn any_in(&self, range: Range<u64>) -> bool {
        self.overlapping(range).next().is_some()
    }

    /// The requests that `range` has bytes of, each with those.
    fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = (usize, Range<u64>)> {
        let first = self.furthest.partition_point(|end| *end <= range.start);
        let behind = (self.by_start.iter().skip(first)).map(|it| (*it, &self.requests[*it].range));
        behind
            .take_while(move |(_, wanted)| wanted.start < range.end)
            .map(move |(number, wanted)| {
                let common = wanted.start.max(range.start)..wanted.end.min(range.end);
                (number, common)
            })
            .filter(|(_, common)| common.start < common.end)
    }

    /// Adds the checksums of what is asked for of `bytes`, which are at `offset` of the file.
    pub(super) fn take(&self, offset: u64, bytes: &[u8], pieces: &mut Vec<Piece>) {
        for (request, common) in self.overlapping(offset..offset + len_of(bytes)) {
            let inside =
                super::plan::index(common.start - offset)..super::plan::index(common.end - offset);
            let (algorithm, bytes) = (self.requests[request].algorithm, &bytes[inside]);
            let len = common.end - common.start;
            // Combining costs as much as the checksum of 256 KiB, going on nothing.
            let mut recent = pieces.iter_mut().rev().take(RECENT);
            match recent.find(|it| it.request == request && it.offset + it.len == common.start) {
                Some(before) => {
                    before.crc = algorithm.update(before.crc, bytes);
                    before.len += len;
                }
                None => pieces.push(Piece {
                    request,
                    offset: common.start,
                    len,
                    crc: algorithm.of(bytes),
                }),
            }
        }
    }

    /// The checksums of the whole ranges. What no piece covers is zeros.
    pub(super) fn combine(&self, mut pieces: Vec<Piece>) -> Digests {
        pieces.sort_unstable();
        let mut left = pieces.into_iter().peekable();
        let values = self.requests.iter().enumerate().map(|(number, request)| {
            let algorithm = request.algorithm;
            let (mut crc, mut at) = (crate::checksum::Algorithm::EMPTY, request.range.start);
            while let Some(piece) = left.next_if(|piece| piece.request == number) {
                crc = algorithm.zeros(crc, piece.offset - at);
                crc = algorithm.combine(crc, piece.crc, piece.len);
                at = piece.offset + piece.len;
            }
            algorithm.zeros(crc, request.range.end - at)
        });
        Digests::new(values.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Algorithm;
    use crate::io::FilePlan;

    /// Requests of all kinds over 100 bytes, of which 40 to 50 are zeros that are never seen.
    #[test]
    fn pieces_in_any_order_make_the_checksums_of_their_ranges() {
        let mut bytes: Vec<u8> = (1..=100).collect();
        bytes[40..50].fill(0);
        let ranges = [0..100, 90..95, 0..0, 39..51, 40..50, 10..90, 99..100, 5..6];
        let mut plan = FilePlan::new();
        plan.inline(bytes.clone());
        let requests: Vec<Request> = ranges
            .iter()
            .zip([Algorithm::Crc32, Algorithm::Crc32c].into_iter().cycle())
            .map(|(range, algorithm)| Request {
                range: range.clone(),
                algorithm,
            })
            .collect();
        let wanted = Wanted::new(&requests);
        for step in [1, 7, 13, 40] {
            let mut pieces = Vec::new();
            for part in [0..40, 50..100] {
                let chunks = bytes[part.clone()].chunks(step).enumerate();
                for (number, chunk) in chunks.collect::<Vec<_>>().into_iter().rev() {
                    let offset = (part.start + number * step) as u64;
                    wanted.take(offset, chunk, &mut pieces);
                }
            }
            let expected = requests.iter().map(|request| {
                let range = request.range.start as usize..request.range.end as usize;
                request.algorithm.of(&bytes[range])
            });
            let expected = Digests::new(expected.collect());
            assert_eq!(
                format!("{:?}", wanted.combine(pieces)),
                format!("{expected:?}")
            );
        }
    }

    #[test]
    fn only_what_overlaps_is_wanted() {
        let request = |range| Request {
            range,
            algorithm: Algorithm::Crc32,
        };
        let requests = [request(20..30), request(0..5), request(10..10)];
        let wanted = Wanted::new(&requests);
        for (range, expected) in [
            (0..1, true),
            (4..5, true),
            (5..20, false),
            (9..11, false),
            (29..40, true),
            (30..40, false),
            (0..0, false),
        ] {
            assert_eq!(wanted.any_in(range.clone()), expected, "{range:?}");
        }
    }
}
