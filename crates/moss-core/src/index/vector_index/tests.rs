//! The graph against the exact ranking, and what must hold whichever of the two answers.

use fastrand::Rng;
use fixedbitset::FixedBitSet;

use super::super::{Hit, Keys, Ranking, rank};
use super::VectorIndex;
use crate::vector::{Precision, QuantizedRow};

const DIM: usize = 32;
const GRAPH_ABOVE: usize = 1_000;

fn scaled(v: Vec<f32>, length: f32) -> Vec<f32> {
    let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
    v.into_iter().map(|x| x * length / norm).collect()
}

struct World {
    index: VectorIndex,
    live: FixedBitSet,
    centres: Vec<Vec<f32>>,
    random: Rng,
}

impl World {
    /// `count` unit vectors around 60 centres, all linked in the graph.
    fn new(count: u32) -> World {
        World::with_precision(count, Precision::F32)
    }

    fn with_precision(count: u32, precision: Precision) -> World {
        let mut random = Rng::with_seed(11);
        let centres = (0..60)
            .map(|_| scaled((0..DIM).map(|_| random.f32() - 0.5).collect(), 1.0))
            .collect();
        let mut world = World {
            index: VectorIndex::with_graph_above(DIM, precision, GRAPH_ABOVE).unwrap(),
            live: FixedBitSet::new(),
            centres,
            random,
        };
        for row in 0..count {
            world.set_near_centre(row);
        }
        world.finish_builds();
        world
    }

    /// Waits until the graph holds what it can hold.
    fn finish_builds(&mut self) {
        let index = &mut self.index;
        for _ in 0..2 {
            index.links.get_mut().finish_build();
            index.links.get_mut().tend(&index.vectors, index.graph_above);
        }
        index.links.get_mut().finish_build();
    }

    fn point(&mut self) -> Vec<f32> {
        let centre = &self.centres[self.random.usize(..self.centres.len())];
        let random = &mut self.random;
        scaled(
            centre.iter().map(|x| x + 0.2 * (random.f32() - 0.5)).collect(),
            1.0,
        )
    }

    fn set(&mut self, row: u32, values: &[f32]) {
        self.index.set(row, &QuantizedRow::new(values).unwrap()).unwrap();
        self.live.grow_and_insert(row as usize);
    }

    fn set_near_centre(&mut self, row: u32) {
        let values = self.point();
        self.set(row, &values);
    }

    fn remove(&mut self, row: u32) {
        self.index.remove(row);
        self.live.remove(row as usize);
    }

    fn loose(&self) -> usize {
        self.index.links.read().loose().count_ones(..)
    }

    /// The share of the exact answer that the index finds, over questions near the data. Checks that there
    /// are as many hits as there must be, in order, with exact scores.
    fn recall(&mut self, allowed: &FixedBitSet, alpha: f32, keys: Option<Keys<'_>>, top_k: usize) -> f64 {
        let order: Vec<u64> = (0..self.index.vectors().len() as u64).collect();
        let (mut found, mut all) = (0, 0);
        for _ in 0..40 {
            let query = self.point();
            let ranking = Ranking {
                query: Some(&query),
                alpha,
                keys,
                allowed,
                order: &order,
                top_k,
            };
            assert!(self.index.by_graph(&ranking).unwrap().is_some(), "scanned");
            let hits = self.index.rank(&ranking).unwrap();
            assert_eq!(hits.len(), top_k.min(allowed.count_ones(..)));
            let only: FixedBitSet = hits.iter().map(|hit| hit.row as usize).collect();
            assert!(only.is_subset(allowed));
            let again = rank(
                self.index.vectors(),
                &Ranking {
                    allowed: &only,
                    ..ranking
                },
            )
            .unwrap();
            assert_eq!(hits, again);
            let exact = rank(self.index.vectors(), &ranking).unwrap();
            all += exact.len();
            found += exact.iter().filter(|hit| only.contains(hit.row as usize)).count();
        }
        found as f64 / all as f64
    }
}

#[test]
fn the_graph_finds_what_the_scan_finds() {
    let mut world = World::new(3000);
    assert!(
        world.loose() * 16 <= 3000,
        "{} rows are not linked",
        world.loose()
    );
    let live = world.live.clone();
    for top_k in [1, 10, 50] {
        let recall = world.recall(&live, 1.0, None, top_k);
        assert!(recall >= 0.95, "{recall} at {top_k}");
    }
    let scores: Vec<f32> = (0..3000)
        .map(|row| if row % 30 == 0 { row as f32 } else { 0.0 })
        .collect();
    let touched: Vec<u32> = (0..3000).step_by(30).collect();
    let keys = Keys {
        scores: &scores,
        best: 2970.0,
        touched: &touched,
    };
    for alpha in [0.8, 0.2] {
        let recall = world.recall(&live, alpha, Some(keys), 10);
        assert!(recall >= 0.95, "{recall} at alpha {alpha}");
    }
    let every_second: FixedBitSet = (0..3000).step_by(2).collect();
    assert!(world.recall(&every_second, 1.0, None, 10) >= 0.95);
}

#[test]
fn writes_are_seen_before_the_next_graph() {
    let mut world = World::new(2500);
    // Row 7 is gone, 8 moved far away, 9 is reused elsewhere, and 2500 is new.
    let old = [7, 8, 9].map(|row| world.index.vectors().get(row).to_vec());
    let far = scaled(
        (0..DIM).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
        1.0,
    );
    world.remove(7);
    world.set(8, &far);
    world.remove(9);
    world.set(9, &far);
    world.set(2500, &far);
    assert!(world.recall(&world.live.clone(), 1.0, None, 10) >= 0.95);
    let order: Vec<u64> = (0..2501).collect();
    let live = world.live.clone();
    let best = |query: &[f32], top_k| -> Vec<Hit> {
        let ranking = Ranking {
            query: Some(query),
            alpha: 1.0,
            keys: None,
            allowed: &live,
            order: &order,
            top_k,
        };
        world.index.by_graph(&ranking).unwrap().unwrap()
    };
    assert_eq!(
        best(&far, 3).iter().map(|hit| hit.row).collect::<Vec<_>>(),
        [8, 9, 2500]
    );
    for (row, old) in [7, 8, 9].into_iter().zip(&old) {
        assert!(best(old, 5).iter().all(|hit| hit.row != row));
    }
}

#[test]
fn rows_may_change_and_move_while_a_graph_is_built() {
    let mut world = World::new(2500);
    // Enough new rows to begin a build, which goes on while the rest happens.
    for row in 2500..2800 {
        world.set_near_centre(row);
    }
    for row in (0..2800).step_by(9) {
        world.remove(row);
    }
    for row in (1..2800).step_by(50) {
        world.set_near_centre(row);
    }
    let (mut next, mut map) = (0, Vec::new());
    for row in 0..2800 {
        map.push(if world.live.contains(row) { next } else { u32::MAX });
        next += u32::from(world.live.contains(row));
    }
    world.index.remap(&map).unwrap();
    world.live = (0..next as usize).collect();
    world.finish_builds();
    assert!(
        world.loose() * 16 <= 2500,
        "{} rows are not linked",
        world.loose()
    );
    for row in 0..next {
        let query = world.index.vectors().get(row).to_vec();
        let order: Vec<u64> = (0..u64::from(next)).collect();
        let ranking = Ranking {
            query: Some(&query),
            alpha: 1.0,
            keys: None,
            allowed: &world.live,
            order: &order,
            top_k: 1,
        };
        if row % 100 == 0 {
            assert_eq!(world.index.by_graph(&ranking).unwrap().unwrap()[0].row, row);
        }
    }
    assert!(world.recall(&world.live.clone(), 1.0, None, 10) >= 0.95);
}

/// Long vectors are not linked, and are found all the same; a worn graph is replaced.
#[test]
fn what_is_not_of_unit_length_is_scanned() {
    let mut world = World::new(2500);
    for row in (0..2500).step_by(25) {
        let values = scaled(world.point(), 0.2 + 3.0 * world.random.f32());
        world.set(row, &values);
    }
    assert!(world.recall(&world.live.clone(), 1.0, None, 10) >= 0.95);
    for row in (1..2500).step_by(3) {
        world.remove(row);
        world.set_near_centre(row);
    }
    world.finish_builds();
    // A third of the 100 long ones was replaced, and up to a sixteenth of the others may wait.
    assert!((66..230).contains(&world.loose()), "{}", world.loose());
    assert!(!world.index.links.read().graph().unwrap().nodes.is_worn());
    assert!(world.recall(&world.live.clone(), 1.0, None, 10) >= 0.95);
}

/// Where the graph cannot serve, the answer is the exact one.
#[test]
fn narrow_filters_zero_queries_and_large_wishes_are_scanned() {
    let world = World::new(2500);
    let order: Vec<u64> = (0..2500).collect();
    let query = world.index.vectors().get(3).to_vec();
    let near: FixedBitSet = {
        let ranking = Ranking {
            query: Some(&query),
            alpha: 1.0,
            keys: None,
            allowed: &world.live,
            order: &order,
            top_k: 1200,
        };
        rank(world.index.vectors(), &ranking)
            .unwrap()
            .iter()
            .map(|hit| hit.row as usize)
            .collect()
    };
    let mut far = world.live.clone();
    far.difference_with(&near);
    let mut hardly_near = far.clone();
    hardly_near.extend(near.ones().take(20));
    let few: FixedBitSet = (0..2500).step_by(100).collect();
    let zero = vec![0.0; DIM];
    for (name, allowed, query, top_k) in [
        ("few rows pass", &few, &query, 10),
        ("no row near the query passes", &far, &query, 10),
        (
            "fewer rows near the query pass than are wanted",
            &hardly_near,
            &query,
            30,
        ),
        ("all directions are equal", &world.live, &zero, 10),
        ("all rows are wanted", &world.live, &query, 5000),
        ("none is wanted", &few, &query, 0),
    ] {
        let ranking = Ranking {
            query: Some(query),
            alpha: 1.0,
            keys: None,
            allowed,
            order: &order,
            top_k,
        };
        assert!(world.index.by_graph(&ranking).unwrap().is_none(), "{name}");
        let exact = rank(world.index.vectors(), &ranking).unwrap();
        assert_eq!(exact.len(), top_k.min(allowed.count_ones(..)), "{name}");
        assert_eq!(world.index.rank(&ranking).unwrap(), exact, "{name}");
    }
    let refused = |query: &[f32]| {
        let ranking = Ranking {
            query: Some(query),
            alpha: 1.0,
            keys: None,
            allowed: &world.live,
            order: &order,
            top_k: 1,
        };
        world.index.rank(&ranking).unwrap_err().kind()
    };
    assert_eq!(refused(&[1.0; DIM + 1]), crate::ErrorKind::DimensionMismatch);
    assert_eq!(refused(&[f32::NAN; DIM]), crate::ErrorKind::InvalidArgument);
}

/// Rounding does not keep a row out of the graph, nor does coming back from a store that holds it rounded.
#[test]
fn codes_are_linked_too() {
    let mut world = World::with_precision(2500, Precision::Int8);
    assert_eq!(world.loose(), 0);
    assert!(world.recall(&world.live.clone(), 1.0, None, 10) >= 0.95);
    for row in 0..2500 {
        let rounded = world.index.vectors().get(row).into_owned();
        world.set(row, &rounded);
    }
    world.finish_builds();
    assert_eq!(world.loose(), 0);
}

#[test]
fn below_its_size_an_index_has_no_graph() {
    let mut world = World::new(GRAPH_ABOVE as u32);
    assert!(world.index.links.read().graph().is_none());
    world.set_near_centre(GRAPH_ABOVE as u32);
    world.finish_builds();
    assert!(world.index.links.read().graph().is_some());
}

#[test]
fn an_index_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<VectorIndex>();
}
