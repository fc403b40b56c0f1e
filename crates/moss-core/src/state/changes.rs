//! Which documents changed since the version that a session was opened at or last pushed.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Ids that differ from the base, each with when it changed last.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    clock: u64,
    changed: FxHashMap<Arc<str>, Change>,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    at: u64,
    in_base: bool,
}

impl Changes {
    /// Records a change of `id`, which was stored before it or not.
    pub(crate) fn note(&mut self, id: &str, was_stored: bool) {
        self.clock += 1;
        let at = self.clock;
        match self.changed.get_mut(id) {
            Some(change) => change.at = at,
            // Before its first change a document is stored exactly if the base holds it.
            None => {
                let in_base = was_stored;
                self.changed.insert(id.into(), Change { at, in_base });
            }
        }
    }

    /// Records that content changed which the base changed alike.
    pub(crate) fn note_base(&mut self) {
        self.clock += 1;
    }

    /// Goes on counting where another log stands, so that no mark of it is met again.
    pub(crate) fn start_after(&mut self, other: &Changes) {
        self.clock = other.clock + 1;
    }

    /// Whether nothing differs from the base.
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// The moment up to which a snapshot taken now includes changes.
    pub(crate) fn mark(&self) -> u64 {
        self.clock
    }

    /// Changed ids, each with whether the base holds it; in byte order.
    pub(crate) fn ids(&self) -> Vec<(Arc<str>, bool)> {
        let mut ids: Vec<_> = self
            .changed
            .iter()
            .map(|(id, change)| (id.clone(), change.in_base))
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Whether `id` differs from the base.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.changed.contains_key(id)
    }

    /// The base now holds `id` or not, whatever was known of it.
    pub(crate) fn set_in_base(&mut self, id: &str, in_base: bool) {
        if let Some(change) = self.changed.get_mut(id) {
            change.in_base = in_base;
        }
    }

    /// The base holds none of the changed ids.
    pub(crate) fn set_none_in_base(&mut self) {
        // Each is set alike, in whatever order.
        #[allow(clippy::iter_over_hash_type)]
        for change in self.changed.values_mut() {
            change.in_base = false;
        }
    }

    /// Forgets what changed up to `mark`.
    pub(crate) fn forget(&mut self, mark: u64) {
        self.changed.retain(|_, change| change.at > mark);
    }
}
