//! Checksums of the formats.
