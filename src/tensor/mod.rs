//! Tensors: element types, shapes, and little-endian bytes.
