//! Neighbouring rows as a scan reads them, and the intervals it gets from their codes.

use super::chunk::Chunk;
use super::quantize::Probe;
use super::signs::SignProbe;

/// Rows that one step of a scan looks at; the last ones of a chunk may be fewer.
pub(crate) const BLOCK: usize = 128;

/// Some neighbouring rows of [`Vectors`], as a scan reads them.
pub(crate) struct Block<'a> {
    pub(crate) first_row: usize,
    pub(crate) len: usize,
    /// Where the block starts in the chunk.
    pub(super) at: usize,
    pub(super) chunk: &'a Chunk,
}

/// What a scan knows of the dot products of a block's rows: `|dot - about[i]| <= error[i]`, and nothing where
/// `about[i].abs() + error[i]` is not below `f32::MAX` (see [`Intervals::bounds`]).
pub(crate) struct Intervals {
    products: [i32; BLOCK],
    about: [f32; BLOCK],
    error: [f32; BLOCK],
}

impl Intervals {
    pub(crate) fn new() -> Intervals {
        Intervals {
            products: [0; BLOCK],
            about: [0.0; BLOCK],
            error: [0.0; BLOCK],
        }
    }

    /// The least and the most that the dot product with row `i` of the block can be.
    pub(crate) fn bounds(&self, i: usize) -> (f64, f64) {
        bounds(self.about[i], self.error[i])
    }

    /// The most that the dot products can be, infinite where nothing is known; never NaN.
    #[inline(always)]
    pub(crate) fn upper(&self, out: &mut [f32; BLOCK]) {
        for ((out, about), error) in out.iter_mut().zip(&self.about).zip(&self.error) {
            *out = if about.abs() + error < f32::MAX {
                about + error
            } else {
                f32::INFINITY
            };
        }
    }
}

/// The ends of the interval, infinite where nothing is known.
pub(super) fn bounds(about: f32, error: f32) -> (f64, f64) {
    if about.abs() + error < f32::MAX {
        (
            f64::from(about) - f64::from(error),
            f64::from(about) + f64::from(error),
        )
    } else {
        (f64::NEG_INFINITY, f64::INFINITY)
    }
}

impl Block<'_> {
    /// Fills in the intervals of all rows of this block.
    #[inline(always)]
    pub(crate) fn multiply(&self, probe: &Probe, out: &mut Intervals) {
        let Intervals {
            products,
            about,
            error,
        } = out;
        probe.multiply(self.chunk.codes(self.at, self.len), &mut products[..self.len]);
        let scales = &self.chunk.scales[self.at..][..self.len];
        let norms = &self.chunk.norms[self.at..][..self.len];
        let residuals = &self.chunk.residuals[self.at..][..self.len];
        for i in 0..self.len {
            (about[i], error[i]) = probe.estimate(products[i], scales[i], norms[i], residuals[i]);
        }
    }

    /// Writes the most that the dot products of rows of this block seem to be by their signs, of which one in some may be more: see
    /// [`Signs::upper`](super::signs::Signs::upper). Infinite where there are no signs.
    pub(crate) fn guess_upper(&self, probe: &SignProbe, out: &mut [f32]) {
        match &self.chunk.signs {
            Some(signs) => signs.upper(probe, self.at, out),
            None => out.fill(f32::INFINITY),
        }
    }

    /// The least and the most that the dot product with the row `i` of this block can be.
    pub(crate) fn interval(&self, probe: &Probe, i: usize) -> (f64, f64) {
        self.chunk.interval(probe, self.at + i)
    }
}
