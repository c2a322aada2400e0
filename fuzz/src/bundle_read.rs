use hornfels::bundle::BundleReader;
use hornfels::{Limits, SharedBytes};

use super::source::Source;

/// Arbitrary bytes as a tensor bundle: two bytes with the length of the index, the index, and what
/// every data file holds. Every tensor is read in every way.
pub fn bundle_read(data: &[u8]) {
    let mut source = Source::new(data);
    let len = usize::from(source.u16());
    let index = source.bytes(len).to_vec();
    let shard = SharedBytes::from(source.bytes(usize::MAX).to_vec());
    let limits = Limits {
        expansion_floor: 1 << 20,
        ..Limits::default()
    };
    let reader = match BundleReader::from_bytes(index, vec![shard.clone(), shard], limits) {
        Ok(reader) => reader,
        Err(error) => return drop(error.to_string()),
    };
    let mut count = 0;
    for (key, entry) in reader.entries() {
        count += 1;
        assert!(reader.contains(&key), "what is listed is found");
        assert_eq!(reader.entry(&key).unwrap(), entry);
        let bytes = reader.bytes(&key);
        if let Ok(bytes) = &bytes {
            assert_eq!(u64::try_from(bytes.len()).ok(), Some(entry.size));
        }
        match reader.tensor(&key) {
            Ok(tensor) => {
                assert_eq!(Some(tensor.dtype()), entry.dtype());
                assert_eq!(tensor.shape(), entry.shape);
                assert!(entry.slices.is_empty() == bytes.is_ok());
            }
            Err(error) => drop(error.to_string()),
        }
        drop(reader.verify(&key));
    }
    assert_eq!(reader.len(), count);
}
