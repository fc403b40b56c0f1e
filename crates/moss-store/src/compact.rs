//! When to rewrite segments, and which. The rewriting is `moss_core::snapshot::merge`.

use std::ops::Range;

use crate::manifest::Manifest;

/// More segments than this are merged: each is an object to fetch and a list to look an id up in.
pub const MAX_SEGMENTS: usize = 8;
/// A merge because of [`MAX_SEGMENTS`] leaves at most this many, so that the next pushes need none.
const SEGMENTS_AFTER: usize = 4;
/// An older segment is taken in while it has at most this many times the rows gathered so far. So a row is rewritten
/// about a logarithm of times, and a large segment not for a few small ones.
const GROWTH: u64 = 2;
/// Below so many rows dead ones cost nothing.
const MIN_ROWS_FOR_DEAD: u64 = 1024;

/// The segments to merge into one, as a range of `manifest.segments` that reaches to the newest; `None` if all is well.
///
/// All of them if more than a quarter of the rows are dead (replaced or deleted). Else, above [`MAX_SEGMENTS`], the newest
/// ones, so many that at most four segments are left, and older ones while they are small by comparison.
pub fn plan(manifest: &Manifest) -> Option<Range<usize>> {
    let sizes: Vec<u64> = manifest
        .segments
        .iter()
        .map(|s| s.rows.saturating_add(s.tombstones))
        .collect();
    let count = sizes.len();
    let rows = sizes.iter().fold(0u64, |sum, size| sum.saturating_add(*size));
    let dead = rows.saturating_sub(manifest.doc_count);
    if count > 1 && rows >= MIN_ROWS_FOR_DEAD && dead > rows / 4 {
        return Some(0..count);
    }
    if count <= MAX_SEGMENTS {
        return None;
    }
    let mut from = SEGMENTS_AFTER - 1;
    let mut gathered = sizes[from..]
        .iter()
        .fold(0u64, |sum, size| sum.saturating_add(*size));
    while from > 0 && sizes[from - 1] <= gathered.saturating_mul(GROWTH) {
        from -= 1;
        gathered = gathered.saturating_add(sizes[from]);
    }
    Some(from..count)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::manifest::{ModelTag, SegmentEntry};

    fn manifest(sizes: &[(u64, u64)], doc_count: u64) -> Manifest {
        let segment = |&(rows, tombstones): &(u64, u64)| SegmentEntry {
            id: Uuid::new_v4(),
            bytes: 0,
            checksum: 0,
            rows,
            tombstones,
            since: 0,
        };
        Manifest {
            project: "p".into(),
            index: "i".into(),
            version: 1,
            index_id: Uuid::nil(),
            model: ModelTag {
                id: "custom".into(),
                version: "1".into(),
            },
            dimension: 1,
            doc_count,
            created_at: 0,
            updated_at: 0,
            commit_id: Uuid::nil(),
            job_id: String::new(),
            deleted: false,
            segments: sizes.iter().map(segment).collect(),
            floor: 1,
            condemned: vec![],
        }
    }

    fn all_alive(rows: &[u64]) -> Manifest {
        let sizes: Vec<_> = rows.iter().map(|rows| (*rows, 0)).collect();
        manifest(&sizes, rows.iter().sum())
    }

    #[test]
    fn few_live_segments_are_left_alone() {
        assert_eq!(plan(&manifest(&[], 0)), None);
        assert_eq!(plan(&all_alive(&[50_000, 10, 10, 10, 10, 10, 10, 10])), None);
        assert_eq!(
            plan(&manifest(&[(1000, 0), (23, 0)], 0)),
            None,
            "few dead rows cost nothing"
        );
    }

    #[test]
    fn small_pushes_never_rewrite_a_large_segment() {
        let rows = [50_000, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10];
        assert_eq!(plan(&all_alive(&rows)), Some(1..11));
        let mut sizes = vec![50_000];
        let mut rewritten = 0;
        for _ in 0..1000 {
            sizes.push(10);
            if let Some(range) = plan(&all_alive(&sizes)) {
                assert!(range.start > 0, "{sizes:?}");
                let merged: u64 = sizes.drain(range).sum();
                rewritten += merged;
                sizes.push(merged);
            }
            assert!(sizes.len() <= MAX_SEGMENTS);
        }
        assert!(
            rewritten < 10_000 * 10,
            "{rewritten} rows rewritten for 10,000 pushed"
        );
    }

    #[test]
    fn at_most_four_are_left_however_the_sizes_fall() {
        let halving = [512_000, 128_000, 32_000, 8_000, 2_000, 500, 120, 30, 7];
        assert_eq!(plan(&all_alive(&halving)), Some(3..9));
        let equal = [100; 9];
        assert_eq!(plan(&all_alive(&equal)), Some(0..9));
    }

    #[test]
    fn a_quarter_dead_rewrites_all() {
        assert_eq!(
            plan(&manifest(&[(800, 0), (224, 0)], 768)),
            None,
            "exactly a quarter"
        );
        assert_eq!(plan(&manifest(&[(800, 0), (224, 0)], 767)), Some(0..2));
        assert_eq!(
            plan(&manifest(&[(2000, 0), (0, 1500)], 500)),
            Some(0..2),
            "tombstones count"
        );
        assert_eq!(plan(&manifest(&[(4000, 0)], 4000)), None);
    }
}
