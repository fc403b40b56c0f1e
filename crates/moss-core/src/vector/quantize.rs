//! The one-byte code of a vector, and how far a product of two codes can be from the product of the vectors.
//!
//! A vector `v` becomes `v^ = scale * code` with codes in -127..=127. The scale has 17 significant bits, so that with the
//! 7 bits of a code every component of `v^` is exact in f32, and coding `v^` gives the same scale and codes again. For a query `q` and its own code,
//!
//! ```text
//! |q.v - q^.v^| = |(q - q^).v + q^.(v - v^)| <= |q - q^| |v| + |q^| |v - v^|        (Cauchy-Schwarz)
//! ```
//!
//! so each row keeps `|v|` and `|v - v^|`, rounded up, and the query keeps the two factors. The factors also pay
//! for what floating point adds: the rounding of the product of the codes, of this bound itself, and of the f32
//! dot product that the interval has to contain.

use super::signs::{SignCode, SignProbe};
use super::simd::{self, CODE_MAX, LINE, Line};
use crate::limits::MAX_DIMENSION;
use crate::{Error, Result};

/// The bits of a scale that are kept: all but the last 7 of its 24 significant ones.
const SCALE_BITS: u32 = !0x7f;
/// Below this largest component a vector gets codes of zero: the step between codes would lose its precision.
const SMALLEST_CODED: f32 = 1e-30;
/// Half a unit in the last place of an f32 near 1: the relative error of one rounding.
const ROUNDING: f64 = 1.0 / (1u64 << 24) as f64;
/// Covers the few roundings of computing a bound in f32, which are relative to the bound.
const BOUND_SLACK: f64 = 1.0 + 16.0 * ROUNDING;
/// Covers underflow: of the product of two scales (2^-150, times a product of codes below 2^28) and of the
/// products in an f32 dot (2^-149 each).
const UNDERFLOW: f32 = 1e-36;

/// A vector that was checked and coded, ready to be stored by [`Vectors::set`](super::Vectors::set).
///
/// Made outside of any lock: coding costs about a microsecond for 384 components, storing is a copy.
///
/// ```
/// use moss_core::vector::QuantizedRow;
/// assert_eq!(QuantizedRow::new(&[0.6, 0.8])?.values(), [0.6, 0.8]);
/// assert!(QuantizedRow::new(&[0.6, f32::NAN]).is_err());
/// # Ok::<(), moss_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct QuantizedRow {
    values: Vec<f32>,
    codes: Codes,
}

impl QuantizedRow {
    /// The vector with its code.
    ///
    /// # Errors
    /// `InvalidArgument` if the vector is empty, longer than [`MAX_DIMENSION`], or has a component that is NaN or
    /// infinite.
    pub fn new(values: &[f32]) -> Result<QuantizedRow> {
        let mut codes = Codes::default();
        codes.set(values)?;
        let values = values.to_vec();
        Ok(QuantizedRow { values, codes })
    }

    /// The vector as given.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The Euclidean norm, rounded up by a few millionths; infinite above the range of f32.
    pub fn norm(&self) -> f32 {
        self.codes.code.norm
    }

    pub(crate) fn coded(&self) -> CodedRow<'_> {
        CodedRow {
            values: &self.values,
            codes: &self.codes,
        }
    }
}

/// A vector that was checked, and its codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodedRow<'a> {
    pub(super) values: &'a [f32],
    pub(super) codes: &'a Codes,
}

impl CodedRow<'_> {
    /// As [`QuantizedRow::norm`].
    pub(crate) fn norm(&self) -> f32 {
        self.codes.code.norm
    }
}

/// The codes of a vector, and room for those of the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Codes {
    pub(super) code: Code,
    /// Of vectors that are long enough.
    pub(super) signs: Option<SignCode>,
}

impl Codes {
    /// These codes made those of a vector; allocates nothing if the one before was as long.
    ///
    /// # Errors
    /// As [`QuantizedRow::new`].
    pub(crate) fn set<'a>(&'a mut self, values: &'a [f32]) -> Result<CodedRow<'a>> {
        self.code.set(values)?;
        SignCode::set(&mut self.signs, values, self.code.norm);
        Ok(CodedRow { values, codes: self })
    }
}

/// What a scan reads of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Code {
    /// The codes, padded with zeros to whole lines.
    pub(super) lines: Vec<Line>,
    pub(super) scale: f32,
    /// `|v|`, rounded up.
    pub(super) norm: f32,
    /// `|v - v^|`, rounded up.
    pub(super) residual: f32,
}

/// Lines of one row's codes.
pub(super) fn lines_per_row(dim: usize) -> usize {
    dim.div_ceil(LINE)
}

impl Code {
    fn new(values: &[f32]) -> Result<Code> {
        let mut code = Code::default();
        code.set(values)?;
        Ok(code)
    }

    fn set(&mut self, values: &[f32]) -> Result<()> {
        let largest = largest_component(values)?;
        // Rounded down, lest the largest component leave the range of f32.
        let scale = f32::from_bits((largest / CODE_MAX).to_bits() & SCALE_BITS);
        // What the largest component is rounded to, so that a rounded vector falls on the same side.
        let scale = if scale * CODE_MAX < SMALLEST_CODED {
            0.0
        } else {
            scale
        };
        self.lines.clear();
        self.lines.resize(lines_per_row(values.len()), Line::ZERO);
        self.scale = scale;
        (self.norm, self.residual) = if scale == 0.0 {
            let norm = round_up(values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt());
            (norm, norm)
        } else {
            let squares = simd::code(values, scale, 1.0 / scale, &mut self.lines);
            let slack = 1.0 + (values.len() as f64 / 16.0 + 10.0) * ROUNDING;
            let [norm, residual] =
                squares.map(|square| round_up(f64::from(scale) * slack * f64::from(square).sqrt()));
            (norm, residual)
        };
        Ok(())
    }
}

impl Code {
    /// `|v^|`, rounded up.
    pub(super) fn coded_norm(&self) -> f32 {
        round_up(self.exact_coded_norm())
    }

    fn exact_coded_norm(&self) -> f64 {
        let codes = self.lines.iter().flat_map(|line| line.0);
        let square: i64 = codes.map(|code| i64::from(code).pow(2)).sum();
        f64::from(self.scale) * (square as f64).sqrt()
    }
}

/// The largest component without its sign, of a vector that may enter a ranking.
///
/// # Errors
/// As [`QuantizedRow::new`].
pub(crate) fn largest_component(values: &[f32]) -> Result<f32> {
    if values.is_empty() || values.len() > MAX_DIMENSION {
        return Err(Error::invalid(format!(
            "embedding has {} components, 1 to {MAX_DIMENSION} are allowed",
            values.len()
        )));
    }
    let largest = simd::largest(values);
    if !largest.is_finite() {
        let at = values.iter().position(|v| !v.is_finite()).unwrap_or(0);
        return Err(Error::invalid(format!(
            "embedding component {at} is {}",
            values[at]
        )));
    }
    Ok(largest)
}

/// At least `value`, at most a millionth more: pays for the rounding of the sum behind `value` and of the
/// conversion.
fn round_up(value: f64) -> f32 {
    if value == 0.0 {
        0.0
    } else {
        (value * 1.000_001) as f32 + f32::MIN_POSITIVE
    }
}

/// A query, ready to be multiplied with many rows.
pub(crate) struct Probe {
    lines: Vec<Line>,
    scale: f32,
    /// `|q|`, rounded up.
    norm: f32,
    norm_factor: f32,
    residual_factor: f32,
}

impl Probe {
    /// # Errors
    /// As [`QuantizedRow::new`].
    pub(crate) fn new(values: &[f32]) -> Result<Probe> {
        let code = Code::new(values)?;
        let coded_norm = code.exact_coded_norm();
        let dot_error = ROUNDING * (values.len() as f64 / 32.0 + 8.0) * f64::from(code.norm);
        // Conversion, two multiplications and the addition of the bound, relative to |q^| |v^| <= |q^| (|v| + |v - v^|).
        let code_error = 8.0 * ROUNDING * coded_norm;
        Ok(Probe {
            norm: code.norm,
            norm_factor: round_up((f64::from(code.residual) + dot_error + code_error) * BOUND_SLACK),
            residual_factor: round_up((coded_norm + code_error) * BOUND_SLACK),
            scale: code.scale,
            lines: code.lines,
        })
    }

    /// The query whose `values` these are, for signs; `None` for vectors too short for them.
    pub(crate) fn signs(&self, values: &[f32]) -> Option<SignProbe> {
        SignProbe::new(values, self.norm)
    }

    /// Writes the products of this query's code with each row's.
    pub(super) fn multiply(&self, rows: &[Line], out: &mut [i32]) {
        simd::dots_i8(&self.lines, rows, out);
    }

    /// From the product of the codes: about what the dot product is, and how far off that can be.
    ///
    /// [`dot`](super::dot) lies within `about - error ..= about + error`, also when the two ends are computed in
    /// f32, unless one of the numbers is not finite: then nothing is known.
    #[inline(always)]
    pub(super) fn estimate(&self, product: i32, scale: f32, norm: f32, residual: f32) -> (f32, f32) {
        (
            product as f32 * (self.scale * scale),
            self.norm_factor * norm + self.residual_factor * residual + UNDERFLOW,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector(dim: usize) -> impl Strategy<Value = Vec<f32>> {
        use prop::num::f32 as class;
        let any_finite = class::POSITIVE | class::NEGATIVE | class::NORMAL | class::SUBNORMAL | class::ZERO;
        prop_oneof![
            4 => prop::collection::vec(-1f32..1.0, dim),
            1 => prop::collection::vec(any_finite, dim),
            1 => prop::collection::vec(-1e-18f32..1e-18, dim),
            1 => prop::collection::vec(-1e-22f32..1e-22, dim),
            1 => prop::collection::vec(-1e-44f32..1e-44, dim),
            1 => prop::collection::vec(-1e19f32..1e19, dim),
            1 => prop::collection::vec(prop_oneof![Just(0f32), Just(1e38), Just(-3.4e38)], dim),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_estimate_holds_the_dot_product(
            (q, v) in (1usize..200).prop_flat_map(|dim| (vector(dim), vector(dim)))
        ) {
            let row = QuantizedRow::new(&v).unwrap().codes.code;
            let probe = Probe::new(&q).unwrap();
            let mut product = [0];
            probe.multiply(&row.lines, &mut product);
            let (about, error) = probe.estimate(product[0], row.scale, row.norm, row.residual);
            if about.abs() + error < f32::MAX {
                let dot = super::super::dot(&q, &v);
                prop_assert!(f64::from(about - error) <= dot && dot <= f64::from(about + error),
                    "{about} ± {error} misses {dot}");
            }
        }
    }

    /// What a code stands for.
    fn coded(code: &Code, dim: usize) -> Vec<f32> {
        let codes = code.lines.iter().flat_map(|line| line.0).take(dim);
        codes.map(|each| f32::from(each) * code.scale).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_rounded_vector_is_near_and_is_not_changed_by_rounding_it_again(v in (1usize..200).prop_flat_map(vector)) {
            let code = Code::new(&v).unwrap();
            let rounded = coded(&code, v.len());
            let largest = largest_component(&v).unwrap();
            // Half a step of a 127th, and what the scale lost by its 17 bits.
            let step = if largest < SMALLEST_CODED { 1e-30 } else { largest / 127.0 * 0.502 };
            for (value, rounded) in v.iter().zip(&rounded) {
                prop_assert!((value - rounded).abs() <= step, "{value} became {rounded}");
            }
            let again = Code::new(&rounded).unwrap();
            prop_assert_eq!(&code.lines, &again.lines);
            prop_assert_eq!(code.scale.to_bits(), again.scale.to_bits());
            prop_assert_eq!(again.residual, 0.0);
            let norm = rounded.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            prop_assert!(norm <= f64::from(code.coded_norm()));
            prop_assert!(f64::from(code.coded_norm()) <= norm * 1.000_01 + 1e-37 || norm > 3e38);
        }
    }

    #[test]
    fn codes_that_are_set_again_are_as_new_ones() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut codes = Codes::default();
        for dim in [384, 384, 3, 1024, 255, 300] {
            let values: Vec<f32> = (0..dim).map(|_| random.f32() - 0.5).collect();
            codes.set(&values).unwrap();
            let new = QuantizedRow::new(&values).unwrap();
            assert_eq!(format!("{codes:?}"), format!("{:?}", new.codes), "{dim}");
        }
    }

    #[test]
    fn the_estimate_of_unit_vectors_is_narrow() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut unit = || {
            let v: Vec<f32> = (0..384).map(|_| random.f32() - 0.5).collect();
            let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            v.into_iter().map(|x| x / norm).collect::<Vec<_>>()
        };
        let (q, row) = (unit(), QuantizedRow::new(&unit()).unwrap().codes.code);
        let (_, error) = Probe::new(&q)
            .unwrap()
            .estimate(0, row.scale, row.norm, row.residual);
        assert!(error < 0.01, "{error}");
    }

    #[test]
    fn refuses_what_has_no_place_in_a_ranking() {
        for bad in [
            &[][..],
            &[0.0; MAX_DIMENSION + 1],
            &[1.0, f32::NAN],
            &[f32::NEG_INFINITY],
        ] {
            assert!(QuantizedRow::new(bad).is_err());
        }
        QuantizedRow::new(&[0.0; MAX_DIMENSION]).unwrap();
    }

    #[test]
    fn norms() {
        assert_eq!(QuantizedRow::new(&[0.0, -0.0]).unwrap().norm(), 0.0);
        assert!((QuantizedRow::new(&[3.0, 4.0]).unwrap().norm() - 5.0).abs() < 1e-4);
        assert_eq!(QuantizedRow::new(&[f32::MAX; 2]).unwrap().norm(), f32::INFINITY);
    }
}
