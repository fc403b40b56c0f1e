//! Writers that are killed at random instants, alone and beside others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use moss::{ErrorKind, QueryOptions};

use crate::support::{PARTS, client, open, open_version, turns, turns_of};
use crate::writer::{Acknowledged, Writer};

/// Kills of a lone writer, each followed by a look at everything.
const KILLS: usize = 208;
/// After so many kills the next index is begun, so that first pushes are killed as well as later ones.
const KILLS_PER_INDEX: usize = 26;
/// At least so many writers are killed beside each group of others.
const KILLS_BESIDE: usize = 8;
/// Pushes of each writer that is left alone.
const PUSHES: usize = 30;

/// A random number generator whose seed is printed, and given by `MOSS_CRASH_SEED`.
fn random() -> Rng {
    let given = std::env::var("MOSS_CRASH_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("MOSS_CRASH_SEED={seed}");
    Rng::with_seed(seed)
}

/// Waits for a few pushes, so that writers get on however slow the disk is, and then for an instant within another.
fn kill_somewhen(mut writer: Writer, random: &mut Rng) -> Vec<Acknowledged> {
    for _ in 0..random.usize(..3) {
        assert!(writer.wait_for_push(), "the writer ended by itself");
    }
    std::thread::sleep(Duration::from_micros(random.u64(..30_000)));
    writer.kill()
}

/// The versions of an index and their documents, which count up from 1; none before the first push.
fn history(store: &Path, index: &str) -> Vec<usize> {
    let mut versions = match moss::block_on(client(store).versions(index)) {
        Err(error) if error.kind() == ErrorKind::IndexNotFound => Vec::new(),
        versions => versions.unwrap(),
    };
    versions.reverse();
    let numbers: Vec<u64> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, Vec::from_iter(1..=versions.len() as u64));
    let documents: Vec<usize> = versions.iter().map(|version| version.doc_count).collect();
    assert!(
        documents.is_sorted(),
        "no version takes anything away: {documents:?}"
    );
    documents
}

#[test]
fn the_last_completed_push_opens_whole_after_every_kill() {
    let store = tempfile::tempdir().unwrap();
    let store = store.path();
    let mut random = random();
    let mut held = BTreeMap::<String, usize>::new();
    let mut unseen = 0;
    for kill in 0..KILLS {
        let index = format!("call-{}", kill / KILLS_PER_INDEX);
        let before = held.get(&index).copied().unwrap_or(0);
        let writer = Writer::start(store, &index, "agent", usize::MAX);
        let acknowledged = kill_somewhen(writer, &mut random);

        let numbers: Vec<usize> = acknowledged.iter().map(|push| push.turn).collect();
        let promised = before + numbers.len();
        assert_eq!(
            numbers,
            Vec::from_iter(before..promised),
            "the writer went on where it was"
        );
        let session = open(store, &index);
        let now = turns_of(&session, "agent");
        assert!(
            now == promised || now == promised + 1,
            "kill {kill}: {now} turns of {index}, {promised} were acknowledged"
        );
        unseen += now - promised;
        assert_eq!(session.doc_count(), now * PARTS);
        if now > 0 {
            let exact = QueryOptions::new()
                .embedding(vec![(now - 1) as f32, 0.0, 1.0])
                .alpha(1.0);
            let found = session.query("", &exact).unwrap();
            assert!(found.docs[0].id.starts_with("agent/"), "{found:?}");
        }
        let documents = history(store, &index);
        for push in &acknowledged {
            assert_eq!(
                documents[push.version as usize - 1],
                (push.turn + 1) * PARTS,
                "{push:?}"
            );
        }
        assert_eq!(documents.last().copied().unwrap_or(0), now * PARTS);
        held.insert(index, now);
    }
    eprintln!("{KILLS} kills, {unseen} after a commit and before its acknowledgement");
    for (index, turns) in &held {
        assert_eq!(turns_of(&open(store, index), "agent"), *turns, "{index}");
    }
    let listed = moss::block_on(client(store).list_indexes()).unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|index| index.name.as_str()).collect();
    let pushed = held
        .iter()
        .filter(|(_, turns)| **turns > 0)
        .map(|(index, _)| index.as_str());
    assert_eq!(listed, pushed.collect());
}

#[test]
fn two_writers_and_killed_ones_lose_no_acknowledged_turn() {
    writers_beside_killed_ones(2);
}

#[test]
fn three_writers_and_killed_ones_lose_no_acknowledged_turn() {
    writers_beside_killed_ones(3);
}

/// So many processes push their turns to one name, while others start and are killed.
fn writers_beside_killed_ones(count: usize) {
    let store = tempfile::tempdir().unwrap();
    let store = store.path();
    let mut random = random();
    let steady: Vec<(String, Writer)> = (0..count)
        .map(|number| format!("steady-{number}"))
        .map(|name| (name.clone(), Writer::start(store, "call", &name, PUSHES)))
        .collect();
    let mut all = BTreeMap::<String, Vec<Acknowledged>>::new();
    for kill in 0..KILLS_BESIDE {
        let name = format!("killed-{kill}");
        let writer = Writer::start(store, "call", &name, usize::MAX);
        all.insert(name, kill_somewhen(writer, &mut random));
    }
    for (name, writer) in steady {
        let pushes = writer.finish();
        assert_eq!(pushes.len(), PUSHES, "{name}");
        all.insert(name, pushes);
    }

    let held = turns(&open(store, "call"));
    for (name, pushes) in &all {
        let held = held.get(name).copied().unwrap_or(0);
        let killed = usize::from(name.starts_with("killed"));
        assert!(
            (pushes.len()..=pushes.len() + killed).contains(&held),
            "{held} turns of {name}, {} were acknowledged",
            pushes.len()
        );
    }
    let versions = history(store, "call").len() as u64;
    let mut taken = BTreeSet::new();
    for (name, pushes) in &all {
        for push in pushes {
            assert!(
                push.version <= versions && taken.insert(push.version),
                "{name}: {push:?}"
            );
            let then = turns_of(&open_version(store, "call", push.version).unwrap(), name);
            assert_eq!(
                then,
                push.turn + 1,
                "{name}: {push:?} has the turn, and no later one"
            );
        }
    }
}
