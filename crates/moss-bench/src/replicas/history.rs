//! What happened, and whether it may have.
//!
//! The rules: a push that was acknowledged is in its version and in every later one; versions have no gaps, and each holds all
//! that the one before held; each push adds its two documents in one version; a push that began after another was acknowledged
//! has a later version. Whoever asks after an acknowledgement sees it, sees what some version holds, and never less than somebody
//! saw before he asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A push that returned.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) ids: [String; 2],
    pub(super) version: u64,
    /// When it was tried first.
    pub(super) began: Duration,
    /// When it returned.
    pub(super) at: Duration,
}

/// What a reader found.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// When it began to ask.
    pub(super) asked: Duration,
    /// When it had its answer.
    pub(super) answered: Duration,
    /// The version that was the newest when it asked, before it read the documents.
    pub(super) version: u64,
    pub(super) ids: BTreeSet<String>,
}

/// A version as the store holds it at the end.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) version: u64,
    pub(super) doc_count: usize,
    pub(super) ids: BTreeSet<String>,
}

/// All that was recorded of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) acknowledged: Vec<Acknowledged>,
    pub(super) seen: Vec<Seen>,
    /// Oldest first.
    pub(super) stored: Vec<Stored>,
}

/// The documents of one push.
pub(super) fn pair(writer: usize, turn: usize) -> [String; 2] {
    ["a", "b"].map(|half| format!("w{writer}-t{turn}-{half}"))
}

impl History {
    /// Every rule that was broken, one line each; `turns` pushes were to be made.
    pub(super) fn check(&self, turns: usize) -> Vec<String> {
        let mut faults = Vec::new();
        if self.acknowledged.len() != turns {
            faults.push(format!(
                "{} of {turns} pushes were acknowledged",
                self.acknowledged.len()
            ));
        }
        self.check_versions(&mut faults);
        self.check_acknowledged(&mut faults);
        self.check_readers(&mut faults);
        faults
    }

    fn check_versions(&self, faults: &mut Vec<String>) {
        for both in self.stored.windows(2) {
            let [before, after] = both else { continue };
            if after.version != before.version + 1 {
                faults.push(format!("version {} follows {}", after.version, before.version));
            }
            if let Some(lost) = before.ids.difference(&after.ids).next() {
                faults.push(format!("version {} lost {lost}", after.version));
            }
        }
        for stored in &self.stored {
            if stored.ids.len() != stored.doc_count {
                faults.push(format!(
                    "version {} says {} documents and holds {}",
                    stored.version,
                    stored.doc_count,
                    stored.ids.len()
                ));
            }
            faults.extend(torn(&stored.ids).map(|id| format!("version {} has {id} alone", stored.version)));
        }
    }

    fn check_acknowledged(&self, faults: &mut Vec<String>) {
        let stored: BTreeMap<u64, &Stored> = self
            .stored
            .iter()
            .map(|stored| (stored.version, stored))
            .collect();
        let mut pushed_as = BTreeMap::new();
        for push in &self.acknowledged {
            let [id, _] = &push.ids;
            if let Some(other) = pushed_as.insert(push.version, id) {
                faults.push(format!(
                    "{id} and {other} were both acknowledged as version {}",
                    push.version
                ));
            }
            let before = self.acknowledged.iter().filter(|other| other.at < push.began);
            if let Some(other) = before.max_by_key(|other| other.version)
                && other.version >= push.version
            {
                faults.push(format!(
                    "{id} of version {} began after {} of version {}",
                    push.version, other.ids[0], other.version
                ));
            }
            match stored.get(&push.version) {
                Some(stored) if push.ids.iter().all(|id| stored.ids.contains(id)) => {}
                Some(_) => faults.push(format!(
                    "{id} is not in version {} that it was acknowledged as",
                    push.version
                )),
                None => faults.push(format!("version {} of {id} is gone", push.version)),
            }
        }
    }

    fn check_readers(&self, faults: &mut Vec<String>) {
        if self.seen.is_empty() {
            faults.push("nobody read anything".to_owned());
        }
        check_order(&self.seen, faults);
        for seen in &self.seen {
            let mut versions = self.stored.iter().filter(|stored| stored.version >= seen.version);
            if !seen.ids.is_empty() && !versions.any(|stored| stored.ids == seen.ids) {
                faults.push(format!(
                    "a reader at version {} saw what no version from there on holds",
                    seen.version
                ));
            }
            faults.extend(torn(&seen.ids).map(|id| format!("a reader saw {id} alone")));
            let before = self.acknowledged.iter().filter(|push| push.at < seen.asked);
            for push in before {
                if seen.version < push.version || push.ids.iter().any(|id| !seen.ids.contains(id)) {
                    faults.push(format!(
                        "a reader at version {} missed {} of version {}, acknowledged before",
                        seen.version, push.ids[0], push.version
                    ));
                }
            }
        }
    }
}

/// What was seen stays.
fn check_order(seen: &[Seen], faults: &mut Vec<String>) {
    let mut by_question: Vec<&Seen> = seen.iter().collect();
    by_question.sort_by_key(|seen| seen.asked);
    let mut by_answer = by_question.clone();
    by_answer.sort_by_key(|seen| seen.answered);
    let mut answers = by_answer.into_iter().peekable();
    let mut known: BTreeSet<&String> = BTreeSet::new();
    for seen in by_question {
        while let Some(earlier) = answers.next_if(|earlier| earlier.answered < seen.asked) {
            known.extend(&earlier.ids);
        }
        if let Some(lost) = known.iter().find(|id| !seen.ids.contains(**id)) {
            faults.push(format!("a reader missed {lost}, which was seen before"));
        }
    }
}

/// Documents whose other half is missing.
fn torn(ids: &BTreeSet<String>) -> impl Iterator<Item = &String> {
    ids.iter().filter(|id| {
        let other = match id.strip_suffix('a') {
            Some(stem) => format!("{stem}b"),
            None => format!("{}a", id.trim_end_matches('b')),
        };
        !ids.contains(&other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(turns: usize) -> BTreeSet<String> {
        (0..turns).flat_map(|turn| pair(0, turn)).collect()
    }

    /// Three pushes in order, and a reader after the second.
    fn sound() -> History {
        let at = |turn: usize| Duration::from_secs(2 * turn as u64);
        History {
            acknowledged: (0..3)
                .map(|turn| Acknowledged {
                    ids: pair(0, turn),
                    version: turn as u64 + 1,
                    began: at(turn),
                    at: at(turn) + Duration::from_secs(1),
                })
                .collect(),
            seen: [1, 2]
                .map(|turns| Seen {
                    asked: at(turns),
                    answered: at(turns),
                    version: turns as u64,
                    ids: ids(turns),
                })
                .into(),
            stored: (1..=3)
                .map(|version| Stored {
                    version,
                    doc_count: 2 * version as usize,
                    ids: ids(version as usize),
                })
                .collect(),
        }
    }

    #[test]
    fn a_sound_history_passes() {
        assert_eq!(sound().check(3), Vec::<String>::new());
    }

    #[test]
    fn each_breach_is_found() {
        let broken = |breach: fn(&mut History), words: &str| {
            let mut history = sound();
            breach(&mut history);
            let faults = history.check(3);
            assert!(
                faults.iter().any(|fault| fault.contains(words)),
                "{words}: {faults:?}"
            );
        };
        broken(|h| _ = h.acknowledged.pop(), "2 of 3");
        broken(|h| _ = h.stored.remove(1), "version 3 follows 1");
        broken(|h| h.stored[2].ids = ids(1), "version 3 lost w0-t1-a");
        broken(|h| h.stored[2].doc_count = 7, "says 7 documents and holds 6");
        broken(
            |h| _ = h.stored[2].ids.remove("w0-t2-b"),
            "version 3 has w0-t2-a alone",
        );
        broken(
            |h| h.acknowledged[1].version = 1,
            "both acknowledged as version 1",
        );
        broken(|h| h.acknowledged[2].version = 2, "w0-t2-a is not in version 2");
        broken(|h| h.acknowledged[2].version = 9, "version 9 of w0-t2-a is gone");
        broken(
            |h| {
                (h.acknowledged[0].version, h.acknowledged[1].version) = (2, 1);
                h.stored[0].ids = pair(0, 1).into();
            },
            "w0-t1-a of version 1 began after w0-t0-a of version 2",
        );
        broken(
            |h| _ = h.seen[1].ids.remove("w0-t0-a"),
            "a reader saw w0-t0-b alone",
        );
        broken(|h| h.seen[1].ids = ids(1), "missed w0-t1-a");
        broken(|h| h.seen[1].version = 1, "missed w0-t1-a of version 2");
        broken(|h| h.seen[0].ids = pair(0, 1).into(), "saw what no version");
        broken(
            |h| (h.seen[0].ids, h.seen[0].answered) = (ids(3), Duration::ZERO),
            "missed w0-t2-a, which was seen before",
        );
        broken(|h| h.seen.clear(), "nobody read anything");
    }
}
