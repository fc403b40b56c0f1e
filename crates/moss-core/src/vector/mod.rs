//! Rows of f32 with codes of one byte and of one bit a component, and the kernels that multiply them.
//!
//! [`Vectors`] holds the rows. A scan multiplies codes, which are a quarter of the bytes, and gets every dot
//! product to within a proven interval; what the interval cannot decide, the full rows do. Signs are an eighth of the codes, and
//! say of nearly all rows that they are not near enough. Where memory is dear only
//! the codes are held ([`Precision::Int8`]), and a row is what its code says. Rankings and scores are `index`'s work, not done here.

mod block;
mod chunk;
mod fill;
mod matrix;
mod precision;
mod quantize;
mod rows;
mod signs;
mod simd;

pub(crate) use block::{BLOCK, Block, Intervals};
pub(crate) use fill::Fill;
pub use matrix::Vectors;
pub use precision::Precision;
pub use quantize::QuantizedRow;
pub(crate) use quantize::{Codes, Probe, largest_component};
pub(crate) use signs::SignProbe;
pub(crate) use simd::reaching;

/// The dot product of two vectors of one length, as every part of Moss computes it: in f32 with one fixed order
/// of summation, and in f64 where f32 overflows. Always finite for finite input, the same bits on every CPU.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let fast = simd::dot(a, b);
    if fast.is_finite() {
        return f64::from(fast);
    }
    // A product of two f32 stays far inside f64, and so does a sum of 16,384 of them.
    a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_survives_overflow() {
        assert_eq!(dot(&[], &[]), 0.0);
        assert_eq!(dot(&[2.0, 3.0], &[4.0, -1.0]), 5.0);
        let huge = f32::MAX;
        assert_eq!(dot(&[huge, huge], &[huge, -huge]), 0.0);
        assert_eq!(dot(&[huge], &[huge]), f64::from(huge) * f64::from(huge));
    }
}
