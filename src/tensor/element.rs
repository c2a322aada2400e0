//! The Rust types that are elements of tensors.

use crate::io::mapping;
use crate::tensor::{BF16, Complex, DType, F8E4M3, F8E5M2, F16};

/// A Rust type that is an element of tensors. Sealed: the list is that of [`DType`].
pub trait Element: sealed::Bytes {
    /// The dtype of tensors of this type.
    const DTYPE: DType;
}

pub(super) mod sealed {
    use crate::io::mapping;

    /// How an element is stored: little-endian.
    pub trait Bytes: mapping::AsBytes {
        /// The element in `bytes`, which are as many as it takes.
        fn from_le(bytes: &[u8]) -> Self;
        /// Appends the element to `to`.
        fn put_le(self, to: &mut Vec<u8>);
        /// `bytes` as elements, where this machine can do so without a copy.
        fn view(bytes: &[u8]) -> Option<&[Self]>;
    }
}

use sealed::Bytes;

macro_rules! primitives {
    ($($number:ty => $dtype:ident),*) => {$(
        impl Bytes for $number {
            fn from_le(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<Self>()];
                array.copy_from_slice(bytes);
                Self::from_le_bytes(array)
            }

            fn put_le(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn view(bytes: &[u8]) -> Option<&[Self]> {
                let native = cfg!(target_endian = "little") || size_of::<Self>() == 1;
                native.then(|| mapping::values_of(bytes)).flatten()
            }
        }

        impl Element for $number {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

primitives!(
    f32 => Float32, f64 => Float64,
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64
);

macro_rules! wrappers {
    ($($wrapper:ident($inner:ty) => $dtype:ident),*) => {$(
        impl Bytes for $wrapper {
            fn from_le(bytes: &[u8]) -> Self {
                Self(<$inner as sealed::Bytes>::from_le(bytes))
            }

            fn put_le(self, to: &mut Vec<u8>) {
                self.0.put_le(to);
            }

            fn view(bytes: &[u8]) -> Option<&[Self]> {
                let native = cfg!(target_endian = "little") || size_of::<Self>() == 1;
                native.then(|| mapping::values_of(bytes)).flatten()
            }
        }

        impl Element for $wrapper {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

wrappers!(
    F8E4M3(u8) => Float8E4M3, F8E5M2(u8) => Float8E5M2,
    F16(u16) => Float16, BF16(u16) => BFloat16
);

impl Bytes for bool {
    // Any byte but 0 is true, as in C.
    fn from_le(bytes: &[u8]) -> Self {
        bytes.iter().any(|byte| *byte != 0)
    }

    fn put_le(self, to: &mut Vec<u8>) {
        to.push(u8::from(self));
    }

    // A stored byte need not be 0 or 1.
    fn view(_: &[u8]) -> Option<&[Self]> {
        None
    }
}

impl Element for bool {
    const DTYPE: DType = DType::Bool;
}

impl<T: Bytes + mapping::FromBytes> Bytes for Complex<T> {
    fn from_le(bytes: &[u8]) -> Self {
        let (re, im) = bytes.split_at(bytes.len() / 2);
        Complex {
            re: T::from_le(re),
            im: T::from_le(im),
        }
    }

    fn put_le(self, to: &mut Vec<u8>) {
        self.re.put_le(to);
        self.im.put_le(to);
    }

    fn view(bytes: &[u8]) -> Option<&[Self]> {
        let native = cfg!(target_endian = "little");
        native.then(|| mapping::values_of(bytes)).flatten()
    }
}

impl Element for Complex<f32> {
    const DTYPE: DType = DType::Complex64;
}

impl Element for Complex<f64> {
    const DTYPE: DType = DType::Complex128;
}
