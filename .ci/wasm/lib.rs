//! Bytes in, bytes out: what a page needs to convert a model without a server.

use hornfels::{LoadOptions, SaveOptions};

/// Memory for `len` bytes of input; `convert` takes it back.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(len: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; len].into_boxed_slice()).cast()
}

/// Loads the model in the `len` bytes at `input` and saves it again.
///
/// Returns where the result is: a length in 8 bytes (little-endian), then that many bytes, or zero
/// for a model that could not be converted.
///
/// # Safety
///
/// `input` and `len` are those of one call of `reserve`; they are used up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convert(input: *mut u8, len: usize) -> *const u8 {
    // SAFETY: the caller promises that this is what `reserve` returned.
    let bytes = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(input, len)) };
    let model = LoadOptions::new().load_bytes(bytes.into_vec());
    let saved = model
        .and_then(|model| SaveOptions::new().to_vec(&model))
        .unwrap_or_default();
    let mut result = (saved.len() as u64).to_le_bytes().to_vec();
    result.extend(saved);
    Box::leak(result.into_boxed_slice()).as_ptr()
}
