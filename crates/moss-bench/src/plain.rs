//! What recall is measured by: a scan in f32 that has none of the index's code in it.

use std::borrow::Borrow;

/// Rows that a question asks for.
pub(crate) const DEPTH: usize = 10;
/// Sums that a dot product is added up in, so that the compiler can do so many at once.
const LANES: usize = 16;

/// For each question how near the farthest of the [`DEPTH`] nearest rows is. Of rows that are equally near any will do: some texts are
/// stored many times.
pub(crate) fn farthest<R: Borrow<[f32]>>(rows: impl Iterator<Item = R>, questions: &[Vec<f32>]) -> Vec<f32> {
    let mut greatest = vec![[f32::NEG_INFINITY; DEPTH]; questions.len()];
    for row in rows {
        for (question, greatest) in questions.iter().zip(&mut greatest) {
            let dot = dot(question, row.borrow());
            if dot > greatest[DEPTH - 1] {
                greatest[DEPTH - 1] = dot;
                greatest.sort_unstable_by(|a, b| b.total_cmp(a));
            }
        }
    }
    greatest.iter().map(|greatest| greatest[DEPTH - 1]).collect()
}

/// In f32. Vectors of another length than a multiple of [`LANES`] are nobody's here.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}
