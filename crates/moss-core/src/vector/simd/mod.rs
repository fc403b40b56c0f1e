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

use half::bf16;

use crate::lanes::LANES;

/// The largest code. -128 is never used, so that codes are symmetric and pairs of products fit 16 bits.
pub(super) const CODE_MAX: f32 = 127.0;

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
    sign_bounds: fn(&SignTables, &SignRows<'_>, &mut [f32]),
    rotate: fn(&mut [f32]),
    signs: fn(&[f32], &mut Vec<u8>) -> f32,
    largest: fn(&[f32]) -> f32,
    code: fn(&[f32], f32, f32, &mut [Line]) -> [f32; 2],
    reaching: fn(&[f32], f32, &mut [u16]),
}

/// What a query asks of signs.
pub(super) struct SignTables {
    /// Four tables of 16 numbers in a line, each number at most 31; whole fours of lines.
    pub(super) tables: Box<[Line]>,
    /// What a sum of numbers is multiplied by.
    pub(super) step: f32,
    /// What is then taken off.
    pub(super) least: f32,
    /// What the deviation of rows is multiplied by for the error.
    pub(super) error: f32,
}

/// Up to 32 rows as signs.
pub(super) struct SignRows<'a> {
    /// For each table the codes of all rows: in the lower halves of 16 bytes those of the first 16 rows, in the upper ones of the
    /// others.
    pub(super) codes: &'a [Line],
    pub(super) factors: &'a [bf16],
    pub(super) deviation: f32,
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

/// Writes to `out[r]` for each row `(sum * step - least + deviation * error) * factor`, where `sum` adds up the number of each table
/// that the row's code names; infinity where that is not a number. No sum may leave u16.
pub(super) fn sign_bounds(query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
    assert!(query.tables.len() == rows.codes.len() && query.tables.len().is_multiple_of(4));
    (KERNELS.sign_bounds)(query, rows, out)
}

/// [`rotate`](crate::rotate::rotate)s a row.
pub(super) fn rotate(row: &mut [f32]) {
    (KERNELS.rotate)(row)
}

/// Makes `groups` the signs of numbers, four in the lower half of each byte, the first of them in the lowest bit; set is what is above
/// 0. Returns the sum of the numbers without their signs. There are whole sixteens of them.
pub(super) fn signs(row: &[f32], groups: &mut Vec<u8>) -> f32 {
    assert!(row.len().is_multiple_of(LANES));
    (KERNELS.signs)(row, groups)
}

/// The largest of some numbers without its sign. NaN is larger than any, then infinity; of none it is 0.
pub(super) fn largest(values: &[f32]) -> f32 {
    (KERNELS.largest)(values)
}

/// Writes the codes of finite numbers, each `value * inverse` to the nearest of -127 to 127. `scale` has 17 significant bits, and
/// `inverse` is one over it. Returns, in units of the scale, the sum of the squares of the numbers, and that of what `scale * code`
/// misses of each; both within `(len / 16 + 10) * 2^-24` of what they are.
pub(super) fn code(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f32; 2] {
    debug_assert!(values.len() <= lines.len() * LINE);
    (KERNELS.code)(values, scale, inverse, lines)
}

/// Writes for each [`LANES`] numbers which of them are not below the cut, the first in the lowest bit. No number is NaN.
pub(crate) fn reaching(numbers: &[f32], cut: f32, out: &mut [u16]) {
    assert!(numbers.len() <= out.len() * LANES);
    (KERNELS.reaching)(numbers, cut, out)
}

/// Asks the memory for the line of the cache in which data begins that is read soon.
#[inline(always)]
pub(super) fn prefetch<T>(data: &T) {
    #[cfg(target_arch = "x86_64")]
    x86_64::prefetch(data);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = data;
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

        /// Bounds by signs are the same bits, for blocks that are not full too.
        #[test]
        fn every_sign_kernel_gives_the_same_bits(
            (tables, codes, rows) in (1usize..4)
                .prop_flat_map(|fours| (lines(4 * fours), lines(4 * fours), 1usize..=32)),
            factors in prop::collection::vec(-1f32..4.0, 32),
            [step, least, deviation, error] in prop::array::uniform4(-8f32..8.0),
        ) {
            let mut tables = tables;
            tables.iter_mut().flat_map(|line| &mut line.0).for_each(|number| *number &= 31);
            let query = SignTables { tables: tables.into(), step, least, error };
            let factors: Vec<bf16> = factors.into_iter().map(bf16::from_f32).collect();
            let rows = SignRows { codes: &codes, factors: &factors[..rows], deviation };
            let expected: Vec<u32> = (0..rows.factors.len())
                .map(|row| {
                    let number = |(at, code): (usize, &i8)| {
                        (at % 16 == row % 16).then(|| {
                            let code = *code as u8 >> (row / 16 * 4) & 15;
                            query.tables[at / LINE].0[at % LINE / 16 * 16 + usize::from(code)] as u16
                        })
                    };
                    let sum: u16 = codes.iter().flat_map(|line| &line.0).enumerate().filter_map(number).sum();
                    let bound = (f32::from(sum) * step + (deviation * error - least)) * factors[row].to_f32();
                    bound.to_bits()
                })
                .collect();
            for kernels in supported() {
                let mut out = vec![0f32; expected.len()];
                (kernels.sign_bounds)(&query, &rows, &mut out);
                let out: Vec<u32> = out.iter().map(|bound| bound.to_bits()).collect();
                prop_assert_eq!(&out, &expected, "{}", kernels.name);
            }
        }

        /// Signs and the sum beside them are the same bits.
        #[test]
        fn every_kernel_sees_the_same_signs(sixteens in prop::collection::vec(
            prop::array::uniform16(prop_oneof![9 => -3f32..3.0, 1 => Just(-0.0), 1 => Just(0.0)]), 0..9
        )) {
            let row = sixteens.concat();
            let expected: Vec<u8> = row
                .chunks(4)
                .map(|four| four.iter().rev().fold(0, |bits, &x| bits << 1 | u8::from(x > 0.0)))
                .collect();
            let sum = row.iter().map(|x| x.abs()).sum::<f32>();
            let mut first = None;
            for kernels in supported() {
                let mut groups = vec![7];
                let got = (kernels.signs)(&row, &mut groups);
                prop_assert_eq!(&groups, &expected, "{}", kernels.name);
                prop_assert!((got - sum).abs() <= sum * 1e-5, "{}", kernels.name);
                prop_assert_eq!(*first.get_or_insert(got.to_bits()), got.to_bits(), "{}", kernels.name);
            }
        }

        #[test]
        fn every_kernel_finds_the_largest(values in prop::collection::vec(any::<f32>(), 0..70)) {
            let expected = values.iter().map(|x| x.abs().to_bits()).max().unwrap_or(0);
            for kernels in supported() {
                prop_assert_eq!((kernels.largest)(&values).to_bits(), expected, "{}", kernels.name);
            }
        }

        /// What lies at the cut reaches it, also where the cut is the least or the greatest number.
        #[test]
        fn every_kernel_sees_what_reaches_a_cut(
            numbers in prop::collection::vec(prop_oneof![
                4 => -2f32..2.0, 1 => Just(0.5), 1 => any::<f32>().prop_filter("a number", |x| !x.is_nan()),
                1 => Just(f32::NEG_INFINITY), 1 => Just(f32::INFINITY), 1 => Just(f32::MAX), 1 => Just(f32::MIN)
            ], 0..70),
            cut in prop_oneof![
                -2f32..2.0, Just(0.5), Just(0.0), Just(f32::MIN), Just(f32::MAX), Just(f32::from_bits(1))
            ],
        ) {
            let expected: Vec<u16> = numbers
                .chunks(LANES)
                .map(|side| side.iter().rev().fold(0, |bits, &x| bits << 1 | u16::from(x >= cut)))
                .collect();
            for kernels in supported() {
                let mut out = vec![7; expected.len()];
                (kernels.reaching)(&numbers, cut, &mut out);
                prop_assert_eq!(&out, &expected, "{}", kernels.name);
            }
        }

        /// Codes and their sums are the same bits.
        #[test]
        fn every_kernel_codes_alike(values in prop::collection::vec(-3f32..3.0, 1..200), scale in 0.001f32..0.1) {
            let mut expected = None;
            for kernels in supported() {
                let mut lines = vec![Line::ZERO; values.len().div_ceil(LINE)];
                let sums = (kernels.code)(&values, scale, 1.0 / scale, &mut lines).map(f32::to_bits);
                let got = (lines, sums);
                prop_assert_eq!(expected.get_or_insert_with(|| got.clone()), &got, "{}", kernels.name);
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
