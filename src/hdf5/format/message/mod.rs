//! The messages object headers are made of, one file each.
