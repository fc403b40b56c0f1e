//! Dot products over rows of numbers, one implementation per instruction set, chosen once at run time.
//!
//! `all.rs` holds the portable form, which is also the twin that every other kernel is tested against. All
//! kernels give the same bits: integer sums are exact, and float sums keep one lane order and never fuse a
//! multiplication with an addition. So a ranking does not depend on the CPU that made it.
//!
//! What does not live here: scales, bounds and scores. A kernel multiplies and adds.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod all;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::sync::LazyLock;

/// Bytes of one [`Line`].
pub(super) const LINE: usize = 64;

/// One cache line of codes. Rows are padded with zero codes to whole lines, so no kernel has a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [i8; LINE]);

impl Line {
    pub(super) const ZERO: Line = Line([0; LINE]);
}

/// The kernels of one instruction set.
#[derive(Clone, Copy)]
struct Kernels {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the kernel in a failed test"))]
    name: &'static str,
    dot: fn(&[f32], &[f32]) -> f32,
    dots_i8: fn(&[Line], &[Line], &mut [i32]),
}

/// The kernels that this CPU can run, the fastest first. The portable ones are always last.
fn supported() -> impl Iterator<Item = Kernels> {
    #[cfg(target_arch = "x86_64")]
    let native = x86_64::supported();
    #[cfg(target_arch = "aarch64")]
    let native = aarch64::supported();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let native = std::iter::empty();
    native.chain([all::KERNELS])
}

static KERNELS: LazyLock<Kernels> = LazyLock::new(|| supported().next().unwrap_or(all::KERNELS));

/// The dot product of two slices of one length, as f32 arithmetic gives it; not finite if a partial sum
/// overflows.
///
/// The order of the sum is fixed: element `i` goes to lane `i % 32`, each lane adds its products in order, and
/// the lanes are added in halves. Its distance from the real sum is at most
/// `(len / 32 + 8) * 2^-24 * |a| * |b|` (Euclidean norms), plus `len * 2^-149` for products that underflow.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    (KERNELS.dot)(a, b)
}

/// Writes to `out[r]` the dot product of `query` with the `r`-th row of `rows`, exactly.
///
/// `rows` holds `out.len()` rows of `query.len()` lines each. No code may be -128 (the sums of pairs in 16 bits
/// would overflow), and a row has at most 16,384 codes, so that no sum leaves i32.
pub(super) fn dots_i8(query: &[Line], rows: &[Line], out: &mut [i32]) {
    debug_assert_eq!(rows.len(), query.len() * out.len());
    (KERNELS.dots_i8)(query, rows, out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive_i8(query: &[Line], row: &[Line]) -> i32 {
        let flat = |lines: &[Line]| lines.iter().flat_map(|l| l.0).collect::<Vec<_>>();
        flat(query)
            .iter()
            .zip(flat(row))
            .map(|(&a, b)| i32::from(a) * i32::from(b))
            .sum()
    }

    fn lines(count: usize) -> impl Strategy<Value = Vec<Line>> {
        let line =
            prop::collection::vec(-127i8..=127, LINE).prop_map(|codes| Line(codes.try_into().unwrap()));
        prop::collection::vec(line, count)
    }

    proptest! {
        /// Integer kernels are exact at any number of rows, so also at the ones left over from a block.
        #[test]
        fn every_i8_kernel_is_exact(
            (query, rows, count) in (1usize..5, 0usize..11)
                .prop_flat_map(|(per_row, count)| (lines(per_row), lines(per_row * count), Just(count)))
        ) {
            let expected: Vec<i32> = (0..count)
                .map(|r| naive_i8(&query, &rows[r * query.len()..(r + 1) * query.len()]))
                .collect();
            for kernels in supported() {
                let mut out = vec![i32::MIN; count];
                (kernels.dots_i8)(&query, &rows, &mut out);
                prop_assert_eq!(&out, &expected, "{}", kernels.name);
            }
        }

        /// Float kernels agree to the bit, whatever the length and the alignment, also beyond overflow.
        #[test]
        fn every_f32_kernel_gives_the_same_bits(
            pairs in prop::collection::vec((any::<f32>(), -4f32..4f32), 0..200),
            skip in 0usize..3,
        ) {
            let skip = skip.min(pairs.len());
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (a, b) = (&a[skip..], &b[skip..]);
            let expected = (all::KERNELS.dot)(a, b);
            for kernels in supported() {
                let got = (kernels.dot)(a, b);
                prop_assert!(
                    got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()),
                    "{}: {got} and {expected}", kernels.name
                );
            }
        }

        /// The error bound that the exact search relies on.
        #[test]
        fn dot_keeps_its_error_bound(
            pairs in prop::collection::vec((-1e3f32..1e3, -1e3f32..1e3), 0..3000),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                a.iter().zip(&b).map(|(&x, &y)| f(f64::from(x), f64::from(y))).sum()
            };
            let norms = sum(&|x, _| x * x).sqrt() * sum(&|_, y| y * y).sqrt();
            let bound = (a.len() as f64 / 32.0 + 8.0) * 2f64.powi(-24) * norms;
            prop_assert!((f64::from(dot(&a, &b)) - sum(&|x, y| x * y)).abs() <= bound * 1.000_001);
        }
    }

    #[test]
    fn the_largest_sums_fit() {
        let query = vec![Line([127; LINE]); crate::limits::MAX_DIMENSION / LINE];
        let rows: Vec<Line> = [127, -127]
            .into_iter()
            .flat_map(|c| vec![Line([c; LINE]); query.len()])
            .collect();
        for kernels in supported() {
            let mut out = [0; 2];
            (kernels.dots_i8)(&query, &rows, &mut out);
            assert_eq!(out, [127 * 127 * 16_384, -127 * 127 * 16_384], "{}", kernels.name);
        }
    }
}
