//! The scan: one pass over codes of all rows, then the full vectors of the few rows that can matter.
//!
//! The codes of one byte give each row an interval that its score lies in. The `top_k`-th best lower end is a floor: rows
//! whose upper end stays below it cannot be in the answer, all others are scored with their full vectors. So
//! the answer is the one that scoring every row in full would give, to the bit, and nothing is cut for being
//! weak in only one of nearness and keywords.
//!
//! Of many rows signs are read first, an eighth of the bytes. Their bounds hold but for few rows, so that now and then one is missing from
//! an answer; what is in it has its exact score and place.

mod pick;

use fixedbitset::FixedBitSet;

use self::pick::{above, greatest, keep_allowed};
use super::blend::{Blend, Score};
use super::top::{Floor, Top};
use super::{Hit, Ranking};
use crate::Result;
use crate::vector::{self, BLOCK, Block, Intervals, Probe, SignProbe, Vectors};

/// Below this many rows beyond `top_k`, codes cost more than they save.
const FEW_ROWS: usize = 64;
/// A block with fewer allowed rows than this has them multiplied one by one.
const DENSE_BLOCK: usize = BLOCK / 4;
/// From so many rows on, signs are read first. Below, an answer is exact, and costs no more than signs would save.
const MANY_ROWS: usize = 4096;
/// If fewer than one row in so many is allowed, those are multiplied one by one.
const FEW_ALLOWED: usize = 32;
/// Rows whose codes are asked for before they are read.
const AHEAD: usize = 32;
/// Rows beyond twice the wanted ones that are considered first.
const FIRST: usize = 16;
/// Candidates are thinned out whenever they have doubled, from here on.
const MANY_CANDIDATES: usize = 4096;

/// The best `top_k` of the allowed rows, best first: those, in that order and with those scores, that scoring all rows
/// with their full vectors would give. Exactly those below 4,096 rows, below 256 components, where fewer than one row in 32 is
/// allowed, and with `alpha` 0; else of the ten nearest one in 2,000 is missed (docs/benchmarks.md).
///
/// `score = alpha * clamp((1 + dot) / 2, 0, 1) + (1 - alpha) * bm25 / best`. Rows of one score are ordered by the
/// blend without its clamp, then by `order`. With `alpha` above 0 there are always `min(top_k, allowed)` rows;
/// with `alpha` 0, or without a query vector, only rows that have a query word are returned.
///
/// One pass over a bit or a byte per component of the allowed rows, plus full vectors of a small multiple of `top_k` rows.
///
/// # Errors
/// `DimensionMismatch` if the query has another length than the rows, `InvalidArgument` if it is not finite.
///
/// # Example
/// ```
/// use fixedbitset::FixedBitSet;
/// use moss_core::index::{Ranking, rank};
/// use moss_core::vector::{QuantizedRow, Vectors};
///
/// let mut vectors = Vectors::new(2)?;
/// vectors.set(0, &QuantizedRow::new(&[0.0, 1.0])?)?;
/// vectors.set(1, &QuantizedRow::new(&[0.6, 0.8])?)?;
/// let mut allowed = FixedBitSet::with_capacity(2);
/// allowed.insert_range(..);
/// let ranking = Ranking {
///     query: Some(&[1.0, 0.0]),
///     alpha: 1.0,
///     keys: None,
///     allowed: &allowed,
///     order: &[0, 1],
///     top_k: 5,
/// };
/// let hits = rank(&vectors, &ranking)?;
/// assert_eq!(hits.iter().map(|h| (h.row, h.score)).collect::<Vec<_>>(), [(1, 0.8), (0, 0.5)]);
/// # Ok::<(), moss_core::Error>(())
/// ```
pub fn rank(vectors: &Vectors, ranking: &Ranking<'_>) -> Result<Vec<Hit>> {
    let blend = Blend::new(ranking);
    let Some(query) = ranking.query else {
        return Ok(by_keywords(&blend, ranking));
    };
    vectors.check_query(query)?;
    let probe = Probe::new(query)?;
    if blend.alpha == 0.0 {
        return Ok(by_keywords(&blend, ranking));
    }
    let allowed = ranking.allowed.count_ones(..);
    if ranking.top_k == 0 || allowed == 0 {
        return Ok(Vec::new());
    }
    if allowed <= ranking.top_k.saturating_add(FEW_ROWS) {
        let rows = ranking.allowed.ones().map(|row| row as u32);
        return Ok(rank_rows(vectors, query, &blend, ranking, rows));
    }
    let mut scan = Scan::new(&blend, ranking.top_k);
    let is_worth_it = scan.quick && vectors.len() >= MANY_ROWS && allowed >= vectors.len() / FEW_ALLOWED;
    match is_worth_it.then(|| probe.signs(query)).flatten() {
        Some(signs) => scan.run_by_signs(vectors, &probe, &signs, ranking),
        None => scan.run(vectors, &probe, ranking.allowed),
    }
    Ok(scan.finish(vectors, query, ranking))
}

/// Rows with a query word by their keyword score alone.
pub(super) fn by_keywords(blend: &Blend<'_>, ranking: &Ranking<'_>) -> Vec<Hit> {
    let mut top = Top::new(ranking.top_k);
    for &row in ranking.keys.map_or(&[][..], |keys| keys.touched) {
        let key = blend.key(row as usize);
        if key > 0.0 && ranking.allowed.contains(row as usize) {
            top.offer(row, blend.score(0.0, key), ranking.order[row as usize]);
        }
    }
    top.into_hits()
}

/// The best of `rows`, each scored with its full vector.
pub(super) fn rank_rows(
    vectors: &Vectors,
    query: &[f32],
    blend: &Blend<'_>,
    ranking: &Ranking<'_>,
    rows: impl Iterator<Item = u32>,
) -> Vec<Hit> {
    let mut top = Top::new(ranking.top_k);
    let mut buffer = Vec::new();
    for row in rows {
        let dot = vector::dot(query, vectors.read(row, &mut buffer));
        top.offer(
            row,
            blend.score(dot, blend.key(row as usize)),
            ranking.order[row as usize],
        );
    }
    top.into_hits()
}

/// A row that may be in the answer, with the most that its score can be.
struct Candidate {
    upper: Score,
    row: u32,
}

/// One pass over the codes.
struct Scan<'a> {
    blend: &'a Blend<'a>,
    /// What a raw keyword score counts in units of the dot product.
    key_factor: f32,
    /// Whether the quick test may sort rows out.
    quick: bool,
    floor: Floor,
    /// Rows whose greatest dot product plus keyword score in its units stays below this are out.
    cut: f32,
    candidates: Vec<Candidate>,
    thin_out_at: usize,
}

impl<'a> Scan<'a> {
    fn new(blend: &'a Blend<'a>, top_k: usize) -> Scan<'a> {
        let key_factor = (2.0 * (1.0 - blend.alpha) / blend.alpha / f64::from(blend.best())) as f32;
        // Without keyword scores the factor meets none; otherwise infinity would turn scores of 0 into NaN.
        let quick = key_factor.is_finite() || blend.best() == 0.0;
        Scan {
            blend,
            key_factor: if quick { key_factor } else { 0.0 },
            quick,
            floor: Floor::new(top_k),
            cut: f32::NEG_INFINITY,
            candidates: Vec::new(),
            thin_out_at: MANY_CANDIDATES,
        }
    }

    fn run(&mut self, vectors: &Vectors, probe: &Probe, allowed: &FixedBitSet) {
        let mut intervals = Intervals::new();
        for block in vectors.blocks() {
            let end = (block.first_row + block.len).min(allowed.len());
            if block.first_row >= end {
                break;
            }
            let rows = block.first_row..end;
            match allowed.count_ones(rows.clone()) {
                0 => {}
                count if count < DENSE_BLOCK => {
                    for i in rows
                        .filter(|&row| allowed.contains(row))
                        .map(|row| row - block.first_row)
                    {
                        self.consider(block.first_row + i, block.interval(probe, i));
                    }
                }
                _ => self.dense_block(&block, probe, allowed, &mut intervals),
            }
        }
    }

    /// All rows of the block at once; nearly all of them are sorted out by one comparison in f32.
    fn dense_block(
        &mut self,
        block: &Block<'_>,
        probe: &Probe,
        allowed: &FixedBitSet,
        intervals: &mut Intervals,
    ) {
        block.multiply(probe, intervals);
        let mut most = [0f32; BLOCK];
        intervals.upper(&mut most);
        let most = &mut most[..block.len];
        self.add_keys(block.first_row, most);
        above(most, self.cut, |found| {
            for &i in found {
                let row = block.first_row + i as usize;
                if allowed.contains(row) {
                    self.consider(row, intervals.bounds(i as usize));
                }
            }
            self.cut
        });
    }

    /// From the most that dot products are, the most that they are with keyword scores in their units.
    fn add_keys(&self, first_row: usize, most: &mut [f32]) {
        let keys = self.blend.raw_keys(first_row, most.len());
        if keys.is_empty() {
            return;
        }
        // The clamp lifts what is below -1, which without keywords is below every cut anyway.
        for most in &mut *most {
            *most = if *most > -1.0 { *most } else { -1.0 };
        }
        for (most, key) in most.iter_mut().zip(keys) {
            *most += key * self.key_factor;
        }
    }

    /// Signs say of most rows that they are not near enough, once the rows that seem nearest have shown what is.
    fn run_by_signs(&mut self, vectors: &Vectors, probe: &Probe, signs: &SignProbe, ranking: &Ranking<'_>) {
        let mut most = self.guess(vectors, signs, ranking.allowed);
        let promising = greatest(&most, ranking.top_k.saturating_mul(2).saturating_add(FIRST));
        self.consider_all(vectors, probe, &promising);
        for row in promising {
            most[row as usize] = f32::NEG_INFINITY;
        }
        self.floor.settle();
        self.cut = self.quick_cut();
        // Rows that are not allowed lie below every cut.
        above(&most, self.cut.max(f32::MIN), |rows| {
            self.consider_all(vectors, probe, rows);
            self.cut.max(f32::MIN)
        });
    }

    /// Considers rows that lie anywhere: their codes are asked for before the first is read.
    fn consider_all(&mut self, vectors: &Vectors, probe: &Probe, rows: &[u32]) {
        for rows in rows.chunks(AHEAD) {
            rows.iter().for_each(|&row| vectors.prefetch(row));
            for &row in rows {
                self.consider(row as usize, vectors.interval(probe, row));
            }
        }
    }

    /// What the dot product plus the keyword score in its units is at most, by row, as far as signs say; of rows that are not
    /// allowed negative infinity.
    fn guess(&self, vectors: &Vectors, signs: &SignProbe, allowed: &FixedBitSet) -> Vec<f32> {
        let mut all = Vec::with_capacity(vectors.len());
        for block in vectors.blocks() {
            let end = (block.first_row + block.len).min(allowed.len());
            if block.first_row >= end {
                break;
            }
            let rows = block.first_row..end;
            let count = allowed.count_ones(rows.clone());
            all.resize(block.first_row + block.len, f32::NEG_INFINITY);
            if count == 0 {
                continue;
            }
            let most = &mut all[rows.clone()];
            block.guess_upper(signs, most);
            self.add_keys(block.first_row, most);
            if count < rows.len() {
                keep_allowed(allowed, rows.start, most);
            }
        }
        all
    }

    /// Keeps the row as a candidate unless its score stays below the floor, and lifts the floor.
    fn consider(&mut self, row: usize, (least, most): (f64, f64)) {
        let key = self.blend.key(row);
        let upper = self.blend.score(most, key);
        if self.floor.get().is_some_and(|floor| upper < floor) {
            return;
        }
        self.candidates.push(Candidate {
            upper,
            row: row as u32,
        });
        if self.floor.offer(self.blend.score(least, key)) {
            self.cut = self.quick_cut();
        }
        if self.candidates.len() >= self.thin_out_at {
            self.thin_out();
            self.thin_out_at = (2 * self.candidates.len()).max(MANY_CANDIDATES);
        }
    }

    /// With `u = max(dot, -1) + key_factor * bm25` a row's score is at most `alpha / 2 * (1 + u)`. Solved for the
    /// floor, less a margin for the f32 arithmetic of `u` (three roundings) and for the rounding of scores, which
    /// near the smallest f32 is absolute. A floor of 0 has clamped rows on either side.
    fn quick_cut(&self) -> f32 {
        let Some(floor) = self.floor.get().filter(|floor| self.quick && floor.score > 0.0) else {
            return f32::NEG_INFINITY;
        };
        let cut = 2.0 * f64::from(floor.score) / self.blend.alpha - 1.0;
        (cut - 1e-6 * (cut.abs() + 2.0) - f64::from(f32::from_bits(1)) / self.blend.alpha) as f32
    }

    fn thin_out(&mut self) {
        if let Some(floor) = self.floor.get() {
            self.candidates.retain(|candidate| candidate.upper >= floor);
        }
    }

    /// Scores the candidates in full, the most promising first, until the rest cannot reach the answer.
    fn finish(mut self, vectors: &Vectors, query: &[f32], ranking: &Ranking<'_>) -> Vec<Hit> {
        self.floor.settle();
        self.thin_out();
        self.candidates
            .sort_unstable_by(|a, b| b.upper.cmp(&a.upper).then(a.row.cmp(&b.row)));
        let mut top = Top::new(ranking.top_k);
        let mut buffer = Vec::new();
        for Candidate { upper, row } in self.candidates {
            if top.floor().is_some_and(|floor| upper < floor) {
                break;
            }
            let dot = vector::dot(query, vectors.read(row, &mut buffer));
            top.offer(
                row,
                self.blend.score(dot, self.blend.key(row as usize)),
                ranking.order[row as usize],
            );
        }
        top.into_hits()
    }
}

#[cfg(test)]
mod tests;
