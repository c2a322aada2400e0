use hornfels::Limits;
use hornfels::bundle::sstable::{Table, TableBuilder};

/// Arbitrary bytes as a table: keys rise, what is listed is found, and written again it reads the same.
pub fn sstable_read(data: &[u8]) {
    let limits = Limits {
        expansion_floor: 1 << 20,
        ..Limits::default()
    };
    let table = match Table::from_bytes(data.to_vec(), limits) {
        Ok(table) => table,
        Err(error) => return drop(error.to_string()),
    };
    let mut builder = TableBuilder::with_block_size(100);
    let (mut entries, mut count) = (table.entries(), 0);
    while let Some((key, value)) = entries.next() {
        assert_eq!(table.get(key), Some(value), "what is listed is found");
        // Which refuses keys that do not rise.
        builder.add(key, value).unwrap();
        count += 1;
    }
    assert_eq!(table.len(), count);
    assert_eq!(table.is_empty(), count == 0);
    let again = Table::from_bytes(builder.finish(), Limits::unlimited()).unwrap();
    let (mut one, mut other) = (table.entries(), again.entries());
    loop {
        let (a, b) = (one.next(), other.next());
        assert_eq!(a, b);
        if a.is_none() {
            break;
        }
    }
}
