//! `rank` against a loop that scores every row in full.

use fastrand::Rng;
use fixedbitset::FixedBitSet;
use proptest::prelude::*;

use super::super::{Hit, Keys, Ranking};
use super::rank;
use crate::vector::{Precision, QuantizedRow, Vectors, dot};

/// What an index may hold.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Random,
    Clustered,
    Duplicates,
    Zeros,
    Tiny,
    LongNorms,
    Huge,
}

struct Corpus {
    rows: Vec<Vec<f32>>,
    vectors: Vectors,
    order: Vec<u64>,
    allowed: FixedBitSet,
    scores: Vec<f32>,
    touched: Vec<u32>,
}

fn unit(random: &mut Rng, dim: usize) -> Vec<f32> {
    let v: Vec<f32> = (0..dim).map(|_| random.f32() - 0.5).collect();
    let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-3);
    v.into_iter().map(|x| x / norm).collect()
}

fn vector(random: &mut Rng, shape: Shape, centres: &[Vec<f32>], dim: usize) -> Vec<f32> {
    let centre = &centres[random.usize(..centres.len())];
    let near = |random: &mut Rng, spread: f32| -> Vec<f32> {
        centre.iter().map(|x| x + spread * (random.f32() - 0.5)).collect()
    };
    match shape {
        Shape::Random => unit(random, dim),
        Shape::Clustered => near(random, 0.05),
        Shape::Duplicates => centre.clone(),
        Shape::Zeros => {
            if random.bool() {
                vec![0.0; dim]
            } else {
                near(random, 0.5)
            }
        }
        Shape::Tiny => near(random, 0.1).into_iter().map(|x| x * 1e-38).collect(),
        Shape::LongNorms => {
            let length = random.f32() * 20.0;
            near(random, 0.1).into_iter().map(|x| x * length).collect()
        }
        Shape::Huge => {
            let length = [1.0, 1e19, 3e37][random.usize(..3)];
            near(random, 0.1).into_iter().map(|x| x * length).collect()
        }
    }
}

impl Corpus {
    /// The same rows held as codes; those rows are then what the codes stand for.
    fn coded(mut self) -> Corpus {
        self.vectors = Vectors::with_precision(self.vectors.dim(), Precision::Int8).unwrap();
        for (row, values) in self.rows.iter_mut().enumerate() {
            let row = row as u32;
            self.vectors
                .set(row, &QuantizedRow::new(values).unwrap())
                .unwrap();
            *values = self.vectors.get(row).into_owned();
        }
        self
    }
}

fn corpus(seed: u64, shape: Shape, dim: usize, count: usize, pass: f64, words: f64) -> (Corpus, Vec<f32>) {
    let mut random = Rng::with_seed(seed);
    let centres: Vec<_> = (0..5).map(|_| unit(&mut random, dim)).collect();
    let rows: Vec<_> = (0..count)
        .map(|_| vector(&mut random, shape, &centres, dim))
        .collect();
    let mut vectors = Vectors::new(dim).unwrap();
    for (row, values) in rows.iter().enumerate() {
        vectors
            .set(row as u32, &QuantizedRow::new(values).unwrap())
            .unwrap();
    }
    let mut order: Vec<u64> = (0..count as u64).map(|i| 3 * i).collect();
    random.shuffle(&mut order);
    let allowed = (0..count).filter(|_| random.f64() < pass).collect();
    let scores: Vec<f32> = (0..count)
        .map(|_| {
            if random.f64() < words {
                random.f32() * 12.0 + 0.01
            } else {
                0.0
            }
        })
        .collect();
    let touched = (0..count as u32)
        .filter(|&row| scores[row as usize] > 0.0)
        .collect();
    let query = vector(&mut random, shape, &centres, dim);
    (
        Corpus {
            rows,
            vectors,
            order,
            allowed,
            scores,
            touched,
        },
        query,
    )
}

impl Corpus {
    fn ranking<'a>(&'a self, query: &'a [f32], alpha: f32, top_k: usize) -> Ranking<'a> {
        Ranking {
            query: Some(query),
            alpha,
            keys: Some(Keys {
                scores: &self.scores,
                best: self.scores.iter().copied().fold(0.0, f32::max),
                touched: &self.touched,
            }),
            allowed: &self.allowed,
            order: &self.order,
            top_k,
        }
    }

    /// The definition, written down once more and without any of the search's parts but the dot product.
    fn brute_force(&self, ranking: &Ranking<'_>) -> Vec<Hit> {
        let alpha = f64::from(ranking.alpha);
        let best = ranking.keys.map_or(0.0, |keys| f64::from(keys.best));
        let mut all: Vec<(f32, f64, u64, u32)> = Vec::new();
        for row in self.allowed.ones() {
            let sem = (1.0 + dot(ranking.query.unwrap(), &self.rows[row])) / 2.0;
            let key = if best > 0.0 {
                f64::from(self.scores[row]) / best
            } else {
                0.0
            };
            if alpha == 0.0 && key == 0.0 {
                continue;
            }
            let blend = |sem: f64| alpha * sem + (1.0 - alpha) * key;
            all.push((
                blend(sem.clamp(0.0, 1.0)) as f32,
                blend(sem),
                self.order[row],
                row as u32,
            ));
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
        all.truncate(ranking.top_k);
        all.into_iter()
            .map(|(score, _, _, row)| Hit { row, score })
            .collect()
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    use Shape::*;
    prop::sample::select(vec![Random, Clustered, Duplicates, Zeros, Tiny, LongNorms, Huge])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rank_is_the_brute_force_answer(
        seed: u64,
        shape in shape(),
        dim in prop_oneof![1usize..8, 60usize..70, Just(384)],
        count in prop_oneof![0usize..20, 100usize..1500],
        pass in prop::sample::select(vec![0.0, 0.02, 0.2, 0.9, 1.0]),
        words in prop::sample::select(vec![0.0, 0.01, 0.3, 1.0]),
        alpha in prop::sample::select(vec![0.0f32, 1e-44, 1e-40, 1e-7, 1e-3, 0.3, 0.8, 1.0]),
        top_k in prop::sample::select(vec![0usize, 1, 5, 100, 1400, 5000, usize::MAX]),
        coded: bool,
    ) {
        let (corpus, query) = corpus(seed, shape, dim, count, pass, words);
        let corpus = if coded { corpus.coded() } else { corpus };
        let ranking = corpus.ranking(&query, alpha, top_k);
        let hits = rank(&corpus.vectors, &ranking).unwrap();
        prop_assert!(hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
        if alpha > 0.0 {
            prop_assert_eq!(hits.len(), top_k.min(corpus.allowed.count_ones(..)));
        }
        prop_assert_eq!(hits, corpus.brute_force(&ranking));
    }
}

#[test]
fn without_a_query_vector_keywords_decide() {
    let (corpus, query) = corpus(1, Shape::Clustered, 8, 500, 0.5, 0.2);
    let by_words = Ranking {
        query: None,
        ..corpus.ranking(&query, 0.8, 7)
    };
    let alpha_zero = corpus.ranking(&query, 0.0, 7);
    let hits = rank(&corpus.vectors, &by_words).unwrap();
    assert_eq!(hits, corpus.brute_force(&alpha_zero));
    let nothing = Ranking {
        keys: None,
        ..by_words
    };
    assert_eq!(rank(&corpus.vectors, &nothing).unwrap(), []);
}

#[test]
fn without_words_nearness_decides() {
    let (corpus, query) = corpus(2, Shape::Clustered, 20, 900, 1.0, 0.0);
    let ranking = Ranking {
        keys: None,
        ..corpus.ranking(&query, 1.0, 9)
    };
    assert_eq!(
        rank(&corpus.vectors, &ranking).unwrap(),
        corpus.brute_force(&ranking)
    );
}

/// The public hybrid test: vectors of length 1.0, 0.9 and 0.8 on one axis.
#[test]
fn a_longer_vector_on_the_same_axis_comes_first() {
    let mut vectors = Vectors::new(3).unwrap();
    for (row, length) in [0.8, 1.0, 0.9, 4.0, 5.0].into_iter().enumerate() {
        vectors
            .set(row as u32, &QuantizedRow::new(&[length, 0.0, 0.0]).unwrap())
            .unwrap();
    }
    let ranking = Ranking {
        query: Some(&[1.0, 0.0, 0.0]),
        alpha: 1.0,
        keys: None,
        allowed: &(0..5).collect(),
        order: &[0, 1, 2, 3, 4],
        top_k: 5,
    };
    let hits = rank(&vectors, &ranking).unwrap();
    assert_eq!(hits.iter().map(|h| h.row).collect::<Vec<_>>(), [4, 3, 1, 2, 0]);
    assert_eq!(
        hits.iter().map(|h| h.score).collect::<Vec<_>>(),
        [1.0, 1.0, 1.0, 0.95, 0.9]
    );
}

#[test]
fn refuses_a_query_of_another_length_or_not_finite() {
    let (corpus, _) = corpus(3, Shape::Random, 4, 10, 1.0, 0.0);
    let refused = |query: &[f32]| {
        rank(&corpus.vectors, &corpus.ranking(query, 0.5, 3))
            .unwrap_err()
            .kind()
    };
    assert_eq!(refused(&[0.0; 3]), crate::ErrorKind::DimensionMismatch);
    assert_eq!(
        refused(&[0.0, f32::NAN, 0.0, 0.0]),
        crate::ErrorKind::InvalidArgument
    );
}

/// Of many rows signs are read first: nearly all of the exact answer is found, whatever else ranks, and all that is found has the
/// exact score.
#[test]
fn by_signs_nearly_all_of_the_answer_is_found() {
    // Chunks of 512 components do not end where words of the set of allowed rows do.
    for (seed, shape, dim) in [
        (1, Shape::Clustered, 384),
        (2, Shape::Random, 512),
        (3, Shape::LongNorms, 384),
        (4, Shape::Zeros, 512),
    ] {
        for (pass, words, alpha) in [
            (1.0, 0.0, 1.0),
            (0.3, 0.02, 0.8),
            (0.05, 0.3, 0.3),
            (0.5, 0.01, 1e-40),
        ] {
            let (mut found, mut wanted) = (0, 0);
            let (corpus, _) = corpus(seed, shape, dim, 6000, pass, words);
            for at in (0..6000).step_by(300) {
                let mut random = Rng::with_seed(at as u64);
                let query: Vec<f32> = corpus.rows[at]
                    .iter()
                    .map(|x| x + 0.03 * (random.f32() - 0.5))
                    .collect();
                let ranking = corpus.ranking(&query, alpha, 10);
                let hits = rank(&corpus.vectors, &ranking).unwrap();
                let exact = corpus.brute_force(&ranking);
                assert_eq!(hits.len(), exact.len());
                found += hits.iter().filter(|hit| exact.contains(hit)).count();
                wanted += exact.len();
            }
            let recall = found as f64 / wanted as f64;
            assert!(recall >= 0.99, "{shape:?}, {pass}, {alpha}: {recall}");
        }
    }
}

/// A set of allowed rows may end before the rows do.
#[test]
fn by_signs_rows_behind_the_allowed_ones_are_passed_over() {
    let (mut corpus, query) = corpus(5, Shape::Random, 384, 6000, 1.0, 0.0);
    corpus.allowed = (0..3000).collect();
    let ranking = corpus.ranking(&query, 1.0, 3);
    let hits = rank(&corpus.vectors, &ranking).unwrap();
    assert_eq!(hits.len(), 3);
    assert!(hits.iter().all(|hit| hit.row < 3000));
}
