//! The vectors of an index together with the way to search them: scanning, or a graph above a size.

use fixedbitset::FixedBitSet;
use parking_lot::RwLock;

use super::blend::Blend;
use super::links::Links;
use super::scan::{self, rank_rows};
use super::{Hit, Ranking};
use crate::Result;
use crate::vector::{self, Precision, QuantizedRow, Vectors};

/// Up to so many rows an index scans; see [`scan::rank`] for how exact its answers are.
pub const GRAPH_ABOVE: usize = 100_000;
/// The least number of candidates that the graph is asked for.
const LEAST_CANDIDATES: usize = 100;
/// A candidate for so many rows, where that is more: the more rows, the more of them are nearly as near as the nearest. By 100
/// candidates a fifth of the ten nearest among 1,000,000 rows is missed, by 400 one in 25.
const ROWS_PER_CANDIDATE: usize = 2_500;
/// Candidates for each wanted row.
const CANDIDATES_PER_HIT: usize = 4;
/// A filter that passes less than one row in this many is scanned: the graph would have to be asked for as many
/// times the candidates.
const MOST_FILTERED: usize = 8;

/// Vectors by row, scanned up to [`GRAPH_ABOVE`] rows and through an HNSW graph above.
///
/// The graph is made by a background thread from a snapshot, and again when a sixteenth of the rows is new. Until it
/// is there all rows are scanned, and later those that it does not know: rows written since, and rows that are
/// not of unit length, so writes are seen by the next ranking either way. The thread stops soon after the index
/// is dropped. After a fork the child makes its own.
///
/// ```
/// use moss_core::index::{Ranking, VectorIndex};
/// use moss_core::vector::{Precision, QuantizedRow};
///
/// let mut index = VectorIndex::new(2, Precision::F32)?;
/// index.set(0, &QuantizedRow::new(&[0.0, 1.0])?)?;
/// index.set(1, &QuantizedRow::new(&[0.6, 0.8])?)?;
/// index.remove(0);
/// let ranking = Ranking {
///     query: Some(&[1.0, 0.0]),
///     alpha: 1.0,
///     keys: None,
///     allowed: &[1].into_iter().collect(),
///     order: &[0, 1],
///     top_k: 5,
/// };
/// assert_eq!(index.rank(&ranking)?[0].score, 0.8);
/// # Ok::<(), moss_core::Error>(())
/// ```
pub struct VectorIndex {
    vectors: Vectors,
    graph_above: usize,
    /// Locked for writing only to take over a finished graph.
    links: RwLock<Links>,
}

impl VectorIndex {
    /// An empty index of `dim` components a vector, held in this precision.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn new(dim: usize, precision: Precision) -> Result<VectorIndex> {
        VectorIndex::with_graph_above(dim, precision, GRAPH_ABOVE)
    }

    /// As [`new`](VectorIndex::new), scanned up to so many rows and through a graph above: for finding out which of the two
    /// is better.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn with_graph_above(dim: usize, precision: Precision, graph_above: usize) -> Result<VectorIndex> {
        Ok(VectorIndex {
            vectors: Vectors::with_precision(dim, precision)?,
            graph_above,
            links: RwLock::default(),
        })
    }

    /// An index of these vectors, of which a row for each has a norm.
    pub(crate) fn of(vectors: Vectors, norms: &[f32]) -> VectorIndex {
        debug_assert_eq!(vectors.len(), norms.len());
        let mut links = Links::default();
        for (row, &norm) in (0u32..).zip(norms) {
            links.set(row, norm);
        }
        VectorIndex {
            vectors,
            graph_above: GRAPH_ABOVE,
            links: RwLock::new(links),
        }
    }

    /// The vectors, for reading one or for taking a snapshot.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Puts a vector in a row; see [`Vectors::set`].
    ///
    /// # Errors
    /// As [`Vectors::set`].
    pub fn set(&mut self, row: u32, vector: &QuantizedRow) -> Result<()> {
        self.vectors.set(row, vector)?;
        let links = self.links.get_mut();
        links.set(row, vector.norm());
        if links.needs_tending(self.graph_above) {
            links.tend(&self.vectors, self.graph_above);
        }
        Ok(())
    }

    /// The row is dead: no ranking will allow it until it is set again.
    pub fn remove(&mut self, row: u32) {
        self.links.get_mut().remove(row);
    }

    /// Renumbers the rows; see [`Vectors::remap`].
    ///
    /// # Errors
    /// As [`Vectors::remap`].
    pub fn remap(&mut self, new_row: &[u32]) -> Result<()> {
        self.vectors.remap(new_row)?;
        self.links.get_mut().remap(new_row);
        Ok(())
    }

    /// Waits for the graph that is being made, if one is, and returns how many rows are in a graph. For measuring: a
    /// ranking never waits.
    pub fn finish_graph(&mut self) -> usize {
        let links = self.links.get_mut();
        links.finish_build();
        links.count() - links.loose().count_ones(..)
    }

    /// The best `top_k` of the allowed rows; see [`scan::rank`] for the score, the order and how many there are.
    ///
    /// By a scan up to [`GRAPH_ABOVE`] allowed rows, and for keywords alone. Above, vectors near the query come from the
    /// graph, at least `max(100, 4 * top_k, allowed / 2500)` allowed ones, and as many rows come from the keywords; each candidate
    /// gets its exact score, and rows may be missing that are weak in both (recall at least 0.95). Whenever
    /// the graph has too few rows that pass the filter, all allowed rows are scanned.
    ///
    /// # Errors
    /// As [`scan::rank`].
    pub fn rank(&self, ranking: &Ranking<'_>) -> Result<Vec<Hit>> {
        if self.links.read().needs_tending(self.graph_above) {
            self.links.write().tend(&self.vectors, self.graph_above);
        }
        match self.by_graph(ranking)? {
            Some(hits) => Ok(hits),
            None => scan::rank(&self.vectors, ranking),
        }
    }

    /// None where scanning is better or the only way.
    fn by_graph(&self, ranking: &Ranking<'_>) -> Result<Option<Vec<Hit>>> {
        let blend = Blend::new(ranking);
        let links = self.links.read();
        let (Some(query), Some(linked)) = (ranking.query.filter(|_| blend.alpha > 0.0), links.graph()) else {
            return Ok(None);
        };
        self.vectors.check_query(query)?;
        let largest = vector::largest_component(query)?;
        let allowed = ranking.allowed.count_ones(..);
        let wanted = ranking
            .top_k
            .saturating_mul(CANDIDATES_PER_HIT)
            .max(LEAST_CANDIDATES)
            .max(allowed / ROWS_PER_CANDIDATE);
        let asked = wanted.saturating_mul(links.count()).div_ceil(allowed.max(1));
        if allowed <= self.graph_above
            || allowed * MOST_FILTERED < links.count()
            || asked * MOST_FILTERED > linked.graph.nodes()
            || largest == 0.0
        {
            return Ok(None);
        }
        let Some(nodes) = linked.graph.nearest(&unit(query), asked) else {
            return Ok(None);
        };
        let rows = nodes.into_iter().filter_map(|node| linked.nodes.row(node));
        let mut rows: Vec<u32> = rows
            .filter(|&row| ranking.allowed.contains(row as usize))
            .collect();
        if rows.len() < wanted / 2 {
            return Ok(None);
        }
        rows.extend(self.best_loose(links.loose(), ranking)?);
        let keyed = Ranking {
            top_k: wanted,
            ..*ranking
        };
        rows.extend(scan::by_keywords(&blend, &keyed).into_iter().map(|hit| hit.row));
        rows.sort_unstable();
        rows.dedup();
        Ok(Some(rank_rows(
            &self.vectors,
            query,
            &blend,
            ranking,
            rows.into_iter(),
        )))
    }

    /// The best of the rows that the graph does not know.
    fn best_loose(&self, loose: &FixedBitSet, ranking: &Ranking<'_>) -> Result<impl Iterator<Item = u32>> {
        let mut allowed = loose.clone();
        allowed.intersect_with(ranking.allowed);
        let ranking = Ranking {
            allowed: &allowed,
            ..*ranking
        };
        Ok(scan::rank(&self.vectors, &ranking)?
            .into_iter()
            .map(|hit| hit.row))
    }
}

/// The vector at length 1. Not zero, and of any length otherwise, so in f64.
fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    vector.iter().map(|&x| (f64::from(x) / norm) as f32).collect()
}

#[cfg(test)]
mod tests;
