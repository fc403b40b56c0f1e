//! The code of one bit a component, which sorts out nearly all rows before their codes of one byte are read.
//!
//! This is RaBitQ ("RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for Approximate Nearest
//! Neighbor Search", Gao and Long 2024, arXiv:2405.12497): a vector is rotated by `R`, and of each component the sign
//! is kept. With `s` the signs of `R v`, and `c` the cosine between the two,
//!
//! ```text
//! q.v = (R q).s * |v|^2 / (R v).s  +-  |q| |v| sqrt((1 / c^2 - 1) / dim)
//! ```
//!
//! where the error is one standard deviation, over rotations. [`DEVIATIONS`] of them are allowed for. With `|R v| = l |v|` the error
//! is `|q| l sqrt(1 - c^2)` times the factor of `(R q).s`, and `c` hardly differs from one vector to the next: so each row keeps its
//! factor alone, and [`ROWS`] together keep the largest `l sqrt(1 - c^2)` of any of them.
//!
//! Products of a query with signs are sums of numbers from a table, one for each four components, as in "Accelerated Nearest
//! Neighbor Search with Quick ADC" (André, Kermarrec, Le Scouarnec 2017, arXiv:1704.07355): so 32 rows lie together, four signs of each
//! after the other's.

use half::bf16;

use super::simd::{self, LINE, Line, SignTables};
use crate::lanes::ROUND;
use crate::limits::MAX_DIMENSION;
use crate::rotate::block;

/// Rows that lie together.
pub(super) const ROWS: usize = 32;
/// Components for which a table is made.
const GROUP: usize = 4;
/// Bytes of a table: one for each combination of signs.
const TABLE: usize = 1 << GROUP;
/// Groups in a line, of tables or of the signs of [`ROWS`] rows.
const LINE_GROUPS: usize = LINE / TABLE;
/// The largest number in a table: eight of them fit one byte.
const TOP: f32 = 31.0;
/// Components are padded with zeros to a multiple, so that there is something to rotate.
const PADDED: usize = 64;
/// The fewest components for which signs say enough: the error falls with their root.
const FEWEST: usize = 256;
/// Standard deviations that a bound allows for. Of all rows one in 44 lies beyond, but those that belong in an answer have to lie that
/// far below what they are: of the ten nearest one in 2,000 is missed. docs/benchmarks.md has the curve that this is taken from.
const DEVIATIONS: f32 = 2.0;

/// The signs of a vector.
#[derive(Debug, Clone, Default)]
pub(super) struct SignCode {
    /// Four components each.
    groups: Vec<u8>,
    /// What the product of a query with the signs is multiplied by, within a 512th.
    factor: bf16,
    /// What the factor and the norm of a query are multiplied by for the error.
    deviation: f32,
    /// What was rotated, to rotate the next one in.
    rotated: Vec<f32>,
}

/// Components with padding; `None` for vectors too short for signs.
fn padded(dim: usize) -> Option<usize> {
    (dim >= FEWEST).then(|| dim.next_multiple_of(PADDED))
}

/// Which components are turned around before the rotation, as factors. Without it, what all vectors have in common would go to few
/// components.
static TURNS: [f32; MAX_DIMENSION] = {
    let mut turns = [1.0; MAX_DIMENSION];
    let (mut at, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    while at < MAX_DIMENSION {
        // The upper bits of this generator are good, and nothing here has to be hard to guess.
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        if state >> 63 == 1 {
            turns[at] = -1.0;
        }
        at += 1;
    }
    turns
};

/// Makes `row` the vector, padded and rotated.
fn rotate(values: &[f32], padded: usize, row: &mut Vec<f32>) {
    row.clear();
    row.extend(values.iter().zip(&TURNS).map(|(value, turn)| value * turn));
    row.resize(padded, 0.0);
    simd::rotate(row);
}

impl SignCode {
    /// Makes `code` that of a vector of this norm; `None` for vectors too short for signs.
    pub(super) fn set(code: &mut Option<SignCode>, values: &[f32], norm: f32) {
        match padded(values.len()) {
            Some(padded) => code.get_or_insert_default().set_padded(values, padded, norm),
            None => *code = None,
        }
    }

    fn set_padded(&mut self, values: &[f32], padded: usize, norm: f32) {
        rotate(values, padded, &mut self.rotated);
        let sum = simd::signs(&self.rotated, &mut self.groups);
        let (factor, deviation) = if sum == 0.0 {
            (0.0, 0.0)
        } else if sum < f32::INFINITY && norm < f32::INFINITY {
            let longest = ((padded * block(padded)) as f32).sqrt();
            let cosine = sum / longest / norm;
            let deviation = (block(padded) as f32 * (1.0 - cosine * cosine).max(0.0)).sqrt();
            (norm / sum * norm, deviation)
        } else {
            (f32::NAN, 0.0)
        };
        (self.factor, self.deviation) = (bf16::from_f32(factor), deviation);
    }
}

/// The signs of many rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Signs {
    lines: Vec<Line>,
    factors: Vec<bf16>,
    /// Of each [`ROWS`] rows the largest that was ever among them.
    deviations: Vec<f32>,
}

impl Signs {
    /// Room for so many more rows.
    pub(super) fn reserve(&mut self, rows: usize, code: &SignCode) {
        let blocks = (self.factors.len() + rows).div_ceil(ROWS);
        let lines = blocks * code.groups.len() / LINE_GROUPS;
        self.lines.reserve_exact(lines - self.lines.len());
        self.factors.reserve_exact(rows);
        self.deviations.reserve_exact(blocks - self.deviations.len());
    }

    pub(super) fn push(&mut self, code: &SignCode) {
        let at = self.factors.len();
        if at.is_multiple_of(ROWS) {
            let lines = self.lines.len() + code.groups.len() / LINE_GROUPS;
            self.lines.resize(lines, Line::ZERO);
            self.deviations.push(0.0);
        }
        self.factors.push(code.factor);
        self.replace(at, code);
    }

    pub(super) fn replace(&mut self, at: usize, code: &SignCode) {
        let lines = self.block_lines();
        let block = &mut self.lines[at / ROWS * lines..][..lines];
        let groups = block.iter_mut().flat_map(|line| line.0.as_chunks_mut().0);
        let (byte, shift) = place(at);
        for (group, &signs) in groups.zip(&code.groups) {
            let group: &mut [i8; TABLE] = group;
            group[byte] = (group[byte] as u8 & !(0xf << shift) | signs << shift) as i8;
        }
        self.factors[at] = code.factor;
        let deviation = &mut self.deviations[at / ROWS];
        *deviation = deviation.max(code.deviation);
    }

    /// The signs of one row, as they were set, and a deviation that is no smaller.
    pub(super) fn get(&self, at: usize) -> SignCode {
        let lines = self.block_lines();
        let block = &self.lines[at / ROWS * lines..][..lines];
        let groups = block.iter().flat_map(|line| line.0.as_chunks().0);
        let (byte, shift) = place(at);
        let signs = |group: &[i8; TABLE]| group[byte] as u8 >> shift & 0xf;
        SignCode {
            groups: groups.map(signs).collect(),
            factor: self.factors[at],
            deviation: self.deviations[at / ROWS],
            rotated: Vec::new(),
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        let blocks = rows.div_ceil(ROWS);
        self.lines.truncate(blocks * self.block_lines());
        self.factors.truncate(rows);
        self.deviations.truncate(blocks);
    }

    /// Lines of [`ROWS`] rows.
    fn block_lines(&self) -> usize {
        self.lines.len() / self.deviations.len()
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of::<Line>() * self.lines.capacity()
            + size_of::<bf16>() * self.factors.capacity()
            + 4 * self.deviations.capacity()
    }

    /// Writes what the dot products of the query with the rows from `at` on are at most, [`DEVIATIONS`] allowed for; infinite where
    /// nothing is known. `at` is a multiple of [`ROWS`].
    pub(super) fn upper(&self, probe: &SignProbe, at: usize, out: &mut [f32]) {
        let lines = self.block_lines();
        for (block, out) in out.chunks_mut(ROWS).enumerate() {
            let at = at + block * ROWS;
            let rows = simd::SignRows {
                codes: &self.lines[at / ROWS * lines..][..lines],
                factors: &self.factors[at..at + out.len()],
                deviation: self.deviations[at / ROWS],
            };
            simd::sign_bounds(&probe.0, &rows, out);
        }
    }
}

/// Where the signs of a row stand among the bytes of each group, and by how many bits they are shifted.
fn place(row: usize) -> (usize, usize) {
    let row = row % ROWS;
    (row % TABLE, row / TABLE * GROUP)
}

/// A query, ready to be multiplied with the signs of many rows.
pub(crate) struct SignProbe(SignTables);

impl SignProbe {
    /// For a query of this norm; `None` for vectors too short for signs.
    pub(super) fn new(values: &[f32], norm: f32) -> Option<SignProbe> {
        let padded = padded(values.len())?;
        let mut row = Vec::new();
        rotate(values, padded, &mut row);
        let (groups, _) = row.as_chunks::<GROUP>();
        let spreads: Vec<f32> = groups
            .iter()
            .map(|group| group.iter().map(|value| value.abs()).sum())
            .collect();
        let widest = spreads.iter().copied().fold(0.0, f32::max);
        // The sum over all groups has to fit 16 bits.
        let top = TOP.min((u16::MAX as usize / groups.len()) as f32).floor();
        let step = 2.0 * widest / top;
        let per_step = if step > 0.0 { 1.0 / step } else { 0.0 };
        let mut tables = vec![Line::ZERO; groups.len() / LINE_GROUPS].into_boxed_slice();
        for (at, (group, spread)) in groups.iter().zip(&spreads).enumerate() {
            let table = &mut tables[at / LINE_GROUPS].0[at % LINE_GROUPS * TABLE..][..TABLE];
            // All of it negative, then one more positive.
            let mut sums = [0.0; TABLE];
            sums[0] = spread - group.iter().sum::<f32>();
            for (bit, value) in group.iter().enumerate() {
                for signs in 0..1 << bit {
                    sums[signs | 1 << bit] = sums[signs] + 2.0 * value;
                }
            }
            for (entry, sum) in table.iter_mut().zip(sums) {
                // The nearest whole number then stands in the lowest bits.
                *entry = (sum * per_step + ROUND).to_bits() as i8;
            }
        }
        // A rounded number is off by the root of a twelfth of a step. That does not depend on what signs are off by, so that the squares
        // of the two add up, in units of what the deviation of signs is where components are spread as in a normal distribution.
        let usual = block(padded) as f32 * (1.0 - std::f32::consts::FRAC_2_PI);
        let rounding = step * (groups.len() as f32 / 12.0 / usual).sqrt();
        let squares = f64::from(norm).powi(2) + f64::from(rounding).powi(2);
        Some(SignProbe(SignTables {
            tables,
            step,
            least: spreads.iter().sum(),
            error: DEVIATIONS * squares.sqrt() as f32,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::dot;

    fn norm(values: &[f32]) -> f32 {
        values.iter().map(|x| x * x).sum::<f32>().sqrt()
    }

    fn vector(random: &mut fastrand::Rng, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| random.f32() * 2.0 - 0.8).collect()
    }

    fn code(values: &[f32]) -> SignCode {
        coded(values, norm(values)).unwrap()
    }

    fn coded(values: &[f32], norm: f32) -> Option<SignCode> {
        let mut code = None;
        SignCode::set(&mut code, values, norm);
        code
    }

    fn uppers(signs: &Signs, probe: &SignProbe) -> Vec<f32> {
        let mut out = vec![0.0; signs.factors.len()];
        signs.upper(probe, 0, &mut out);
        out
    }

    /// A bound fails for as many rows as lie so many standard deviations away, and is no wider than that.
    #[test]
    fn a_bound_is_two_standard_deviations_away() {
        let mut random = fastrand::Rng::with_seed(3);
        for dim in [256, 300, 384, 1536] {
            let query = vector(&mut random, dim);
            let probe = SignProbe::new(&query, norm(&query)).unwrap();
            let rows: Vec<Vec<f32>> = (0..2000).map(|_| vector(&mut random, dim)).collect();
            let mut signs = Signs::default();
            rows.iter().for_each(|row| signs.push(&code(row)));
            let (mut missed, mut distance) = (0, 0.0);
            for (row, upper) in rows.iter().zip(uppers(&signs, &probe)) {
                let dot = dot(&query, row);
                missed += u32::from(f64::from(upper) < dot);
                distance += (f64::from(upper) - dot) / f64::from(norm(&query) * norm(row));
            }
            // Of a normal distribution 2.3 percent lie beyond two deviations.
            assert!((5..=80).contains(&missed), "{dim}: {missed} of 2000");
            let deviation = 0.7555 / (dim as f64).sqrt();
            let distance = distance / 2000.0 / deviation;
            assert!((1.5..2.5).contains(&distance), "{dim}: {distance} deviations");
        }
    }

    #[test]
    fn rows_keep_their_signs_wherever_they_move() {
        let mut random = fastrand::Rng::with_seed(4);
        let rows: Vec<Vec<f32>> = (0..128).map(|_| vector(&mut random, 320)).collect();
        let probe = SignProbe::new(&rows[7], norm(&rows[7])).unwrap();
        let mut signs = Signs::default();
        rows.iter().for_each(|row| signs.push(&code(row)));
        let expected = uppers(&signs, &probe);
        // Backwards, one by one, by way of what is read of a row.
        let mut moved = Signs::default();
        (0..128).for_each(|at| moved.push(&signs.get(127 - at)));
        let mut backwards = uppers(&moved, &probe);
        backwards.reverse();
        assert_eq!(backwards, expected);
        // In place, where others lay.
        let mut moved = signs.clone();
        (0..128).for_each(|at| moved.replace(at, &signs.get(127 - at)));
        let bounds = uppers(&moved, &probe).into_iter().rev();
        for ((bound, expected), row) in bounds.zip(&expected).zip(&rows) {
            // Rows that lie together share the largest of their deviations, and each place has had two rows.
            let wider = (bound - expected) / norm(&rows[7]) / norm(row);
            assert!((0.0..0.01).contains(&wider), "{bound}, {expected}");
        }
        for (at, row) in rows.iter().rev().enumerate() {
            let (got, set) = (moved.get(at), code(row));
            assert_eq!((got.groups, got.factor), (set.groups, set.factor));
            assert!(got.deviation >= set.deviation);
        }
        // Cut off within a block, and grown again.
        for rows_left in [70, 64, 1] {
            signs.truncate(rows_left);
            assert_eq!(uppers(&signs, &probe), expected[..rows_left]);
        }
        rows[1..].iter().for_each(|row| signs.push(&code(row)));
        assert_eq!(uppers(&signs, &probe), expected);
    }

    /// One axis turns into signs without an error, and short vectors have none.
    #[test]
    fn extremes() {
        let mut axis = vec![0.0; 384];
        axis[5] = 2.0;
        let mut signs = Signs::default();
        signs.push(&code(&axis));
        signs.push(&code(&[0.0; 384]));
        signs.push(&code(&[f32::MAX; 384]));
        let uppers = uppers(&signs, &SignProbe::new(&axis, 2.0).unwrap());
        assert!((3.9..5.0).contains(&uppers[0]), "{uppers:?}");
        assert_eq!(uppers[1..], [0.0, f32::INFINITY]);
        assert!(coded(&[1.0; FEWEST - 1], 15.0).is_none());
        assert!(SignProbe::new(&[1.0; FEWEST - 1], 15.0).is_none());
    }
}
