//! On-disk structures; decode and encode side by side.
