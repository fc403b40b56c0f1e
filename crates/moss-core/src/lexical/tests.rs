//! The index against a plain map of documents and a loop over them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::text::{Terms, analyze, analyze_query};

type Documents = BTreeMap<u32, Terms>;

fn oracle(documents: &Documents, query: &[String]) -> BTreeMap<u32, f64> {
    let n = documents.len() as f64;
    let mean = documents
        .values()
        .map(|terms| f64::from(terms.length))
        .sum::<f64>()
        / n;
    let tf = |terms: &Terms, word: &String| {
        let of = terms.terms.iter().find(|(own, _)| own == word);
        of.map_or(0.0, |(_, tf)| f64::from(*tf))
    };
    let mut scores = BTreeMap::new();
    for word in query {
        let df = documents.values().filter(|terms| tf(terms, word) > 0.0).count() as f64;
        let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
        for (&row, terms) in documents {
            let tf = tf(terms, word);
            if tf > 0.0 {
                let length = f64::from(terms.length);
                *scores.entry(row).or_insert(0.0) +=
                    idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / mean));
            }
        }
    }
    scores
}

fn check(index: &KeywordIndex, documents: &Documents, found: &mut KeywordScores) {
    assert_eq!(index.documents(), documents.len());
    for question in ["a", "b c", "c d e f g h", "a z", "the refund of a", "nothing", ""] {
        let query = analyze_query(question);
        index.score_into(&query, found);
        let expected = oracle(documents, &query);
        let mut touched = found.touched.clone();
        touched.sort_unstable();
        assert_eq!(touched, expected.keys().copied().collect::<Vec<_>>());
        for (row, &score) in (0u32..).zip(&found.scores) {
            let wanted = expected.get(&row).copied().unwrap_or(0.0);
            assert!(
                (f64::from(score) - wanted).abs() <= 1e-5 * wanted,
                "{row}: {score} {wanted}"
            );
        }
        let best = found.scores.iter().copied().fold(0.0, f32::max);
        assert_eq!(found.best, best);
    }
}

fn rebuilt(documents: &Documents) -> KeywordIndex {
    let mut index = KeywordIndex::default();
    documents
        .iter()
        .for_each(|(&row, terms)| index.insert(row, terms));
    index
}

fn all_rows(documents: &Documents) -> Vec<u32> {
    documents.keys().copied().collect()
}

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => "[a-h]", 1 => Just("the".to_owned()), 1 => Just("refund".to_owned())];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    /// Adds, removes and replacements, rows being used again; then everything that moves rows or tables.
    #[test]
    fn ranks_as_a_loop_over_the_documents(steps in proptest::collection::vec((0u32..24, texts(), any::<bool>()), 1..60)) {
        let (mut index, mut documents) = (KeywordIndex::default(), Documents::new());
        let mut found = KeywordScores::default();
        for (row, text, keep_out) in steps {
            if let Some(old) = documents.remove(&row) {
                index.remove(row, &old);
            }
            if !keep_out {
                let terms = analyze(&text);
                index.insert(row, &terms);
                documents.insert(row, terms);
            }
        }
        check(&index, &documents, &mut found);
        let rows = all_rows(&documents);
        let table = index.term_table(&rows);
        prop_assert_eq!(&table, &rebuilt(&documents).term_table(&rows));

        // Out of a table and on top of documents that are there already, in descending order, every third left out.
        let (mut mixed, mut expected) = (KeywordIndex::default(), Documents::new());
        for (at, (&row, terms)) in documents.iter().enumerate().filter(|(at, _)| at % 2 == 0) {
            prop_assert_eq!(rows[at], row);
            mixed.insert(2 * row + 1, terms);
            expected.insert(2 * row + 1, terms.clone());
        }
        let placed: Vec<u32> =
            rows.iter().enumerate().map(|(at, row)| if at % 3 == 0 { NO_ROW } else { 2 * (30 - row) }).collect();
        mixed.insert_batch(&placed, &table);
        for (&row, terms) in placed.iter().zip(documents.values()) {
            if row != NO_ROW {
                expected.insert(row, terms.clone());
            }
        }
        check(&mixed, &expected, &mut found);
        let leaving: Vec<u32> = expected.keys().copied().step_by(5).collect();
        for row in leaving {
            mixed.remove(row, &expected.remove(&row).unwrap());
        }
        check(&mixed, &expected, &mut found);

        // Compaction: the remaining rows close ranks, rows beyond the map fall off.
        let beyond = 40;
        let mut new_row = vec![NO_ROW; beyond as usize];
        let mut moved = Documents::new();
        for (at, (&row, terms)) in expected.range(..beyond).enumerate() {
            if at % 4 != 0 {
                new_row[row as usize] = moved.len() as u32;
                moved.insert(moved.len() as u32, terms.clone());
            }
        }
        mixed.remap(&new_row);
        check(&mixed, &moved, &mut found);
        let rows = all_rows(&moved);
        prop_assert_eq!(mixed.term_table(&rows), rebuilt(&moved).term_table(&rows));
    }
}

#[test]
fn an_emptied_index_forgets_its_words() {
    let mut index = KeywordIndex::default();
    let terms: Vec<Terms> = (0..50).map(|i| analyze(&format!("word{i} common"))).collect();
    for round in 0..3 {
        (0u32..)
            .zip(&terms)
            .for_each(|(row, terms)| index.insert(row, terms));
        assert_eq!(index.terms.len(), 51, "round {round}");
        (0u32..)
            .zip(&terms)
            .for_each(|(row, terms)| index.remove(row, terms));
        assert_eq!(index.find("common"), None);
    }
    assert_eq!(index.score(&["common".into()]).touched, [0u32; 0]);
    assert_eq!(index.term_table(&[3]).lengths(), [0]);
}

#[test]
fn a_table_of_chosen_rows_holds_only_their_words() {
    let mut index = KeywordIndex::default();
    index.insert(0, &analyze("money back"));
    index.insert(1, &analyze("cash back cash"));
    index.insert(2, &analyze(""));
    let table = index.term_table(&[1, 2, 9]);
    assert_eq!(table.dictionary().collect::<Vec<_>>(), ["back", "cash"]);
    assert_eq!(
        (table.counts(), table.lengths()),
        (&[2, 0, 0][..], &[3, 0, 0][..])
    );
    assert_eq!((table.terms(), table.tfs()), (&[0, 1][..], &[1, 2][..]));
}
