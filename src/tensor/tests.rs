use super::*;

/// Values go in, little-endian bytes are there, the same values come out.
#[track_caller]
fn check<T: Element + PartialEq + fmt::Debug>(values: &[T], bytes: &[u8], floats: Option<&[f64]>) {
    let shape = [u64::try_from(values.len()).unwrap()];
    let tensor = Tensor::new(values, shape).unwrap();
    assert_eq!(tensor.bytes(), bytes);
    assert_eq!(tensor.dtype(), T::DTYPE);
    assert_eq!(tensor.dtype().size(), Some(size_of::<T>()));
    assert_eq!(*tensor.view::<T>().unwrap(), *values);
    assert_eq!(tensor, Tensor::from_vec(values.to_vec(), shape).unwrap());
    assert_eq!(
        tensor,
        Tensor::from_le_bytes(T::DTYPE, shape, bytes).unwrap()
    );
    // One byte off is unaligned for most types.
    let shifted: Vec<u8> = [0].into_iter().chain(bytes.iter().copied()).collect();
    let shifted = SharedBytes::from(shifted)
        .slice(1..bytes.len() + 1)
        .unwrap();
    let shifted = Tensor::from_shared(T::DTYPE, shape, shifted).unwrap();
    assert_eq!(shifted.to_vec::<T>().unwrap(), values);
    assert_eq!(tensor, shifted);
    assert_eq!(tensor.to_f64_vec().ok().as_deref(), floats);
}

#[test]
fn every_element_type() {
    check(
        &[1.0f32, -2.0],
        &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
        Some(&[1.0, -2.0]),
    );
    check(&[1.0f64], &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f], Some(&[1.0]));
    check(&[-1i8, 2], &[0xff, 2], Some(&[-1.0, 2.0]));
    check(&[-2i16], &[0xfe, 0xff], Some(&[-2.0]));
    check(&[0x0403_0201i32], &[1, 2, 3, 4], Some(&[67_305_985.0]));
    check(&[1i64], &[1, 0, 0, 0, 0, 0, 0, 0], Some(&[1.0]));
    check(&[7u8], &[7], Some(&[7.0]));
    check(&[0x0201u16], &[1, 2], Some(&[513.0]));
    check(&[1u32], &[1, 0, 0, 0], Some(&[1.0]));
    check(
        &[u64::MAX],
        &[0xff; 8],
        Some(&[18_446_744_073_709_551_616.0]),
    );
    check(&[true, false], &[1, 0], Some(&[1.0, 0.0]));
    check(&[F16(0x3c00)], &[0, 0x3c], Some(&[1.0]));
    check(&[BF16(0x3f80)], &[0x80, 0x3f], Some(&[1.0]));
    check(&[F8E4M3(0x38)], &[0x38], Some(&[1.0]));
    check(&[F8E5M2(0x3c)], &[0x3c], Some(&[1.0]));
    let (re, im) = (1.0f32, 2.0);
    check(
        &[Complex { re, im }],
        &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40],
        None,
    );
    let (re, im) = (0.0f64, 1.0);
    let bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    check(&[Complex { re, im }], &bytes, None);
}

#[test]
fn aligned_elements_are_borrowed_on_little_endian_machines() {
    let values = [1.0f32, 2.0];
    let tensor = Tensor::new(&values, [2]).unwrap();
    let borrowed = matches!(tensor.view::<f32>().unwrap(), Cow::Borrowed(_));
    assert_eq!(borrowed, cfg!(target_endian = "little"));
}

#[test]
fn stored_bools_need_not_be_zero_or_one() {
    let tensor = Tensor::from_le_bytes(DType::Bool, [3], &[0, 2, 1]).unwrap();
    assert_eq!(tensor.to_vec::<bool>().unwrap(), [false, true, true]);
}

#[track_caller]
fn refuses(made: Result<Tensor<'_>>, message: &str) {
    let error = made.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.message(), message);
}

#[test]
fn shapes_that_do_not_fit() {
    refuses(
        Tensor::new(&[1.0f32, 2.0], [3]),
        "2 float32 elements, but shape (3,) has 3 elements",
    );
    refuses(
        Tensor::from_le_bytes(DType::Int16, [1], &[1, 2, 3]),
        "3 bytes of int16, but shape (1,) has 1 elements",
    );
    refuses(
        Tensor::strings(vec![Vec::new()], [2, 1]),
        "1 strings, but shape (2, 1) has 2 elements",
    );
    refuses(
        Tensor::zeros(DType::Int8, [1 << 33, 1 << 31]),
        "shape (8589934592, 2147483648) has 2^64 elements or more",
    );
    refuses(
        Tensor::zeros(DType::Float64, [1 << 62]),
        "a float64 tensor of shape (4611686018427387904,) does not fit in memory",
    );
    refuses(
        Tensor::from_le_bytes(DType::String, [0], &[]),
        "strings have no fixed size, so a string tensor is not made from bytes",
    );
    refuses(
        Tensor::scalar(1u8).reshape([2]),
        "1 elements, but shape (2,) has 2 elements",
    );
}

#[test]
fn the_wrong_type_is_named() {
    let error = Tensor::scalar(1.0f32).view::<f64>().unwrap_err();
    let expected = "the tensor is float32, but float64 was asked for";
    assert_eq!(error.message(), expected);
    assert!(error.hint().is_some());
    let strings = Tensor::strings(vec![b"a".to_vec()], []).unwrap();
    assert!(strings.to_f64_vec().is_err());
}

#[test]
fn scalars_empty_tensors_and_strings() {
    let scalar = Tensor::scalar(3i64);
    assert_eq!((scalar.len(), scalar.shape().len()), (1, 0));
    let empty = Tensor::zeros(DType::Float32, [0, u64::MAX, u64::MAX]).unwrap();
    assert_eq!(
        (empty.len(), empty.byte_len(), empty.is_empty()),
        (0, 0, true)
    );
    assert!(empty.to_vec::<f32>().unwrap().is_empty());
    let values = vec![b"ab".to_vec(), b"".to_vec()];
    let strings = Tensor::strings(values.clone(), [2]).unwrap();
    assert_eq!(strings.string_values(), Some(&values[..]));
    assert_eq!((strings.byte_len(), strings.bytes().len()), (2, 0));
    assert_eq!(strings, strings.borrowed());
    assert_ne!(strings, Tensor::zeros(DType::String, [2]).unwrap());
}

#[test]
fn owned_and_borrowed_are_equal() {
    let values = [1u16, 2, 3, 4];
    let tensor = Tensor::new(&values, [2, 2]).unwrap();
    assert_eq!(format!("{tensor:?}"), "Tensor(uint16 (2, 2))");
    let owned = tensor.clone().into_owned();
    assert_eq!(owned, tensor);
    assert_eq!(owned.borrowed(), tensor);
    assert_ne!(tensor.clone().reshape([4]).unwrap(), tensor);
}
