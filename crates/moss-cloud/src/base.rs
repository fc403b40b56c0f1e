//! What the pushes of a session start from, and what of them is in doubt.

use std::sync::Arc;

use moss_core::Result;
use moss_core::session::{Changed, Session, Taken};
use moss_store::Manifest;
use uuid::Uuid;

use crate::access::ReadVersions;

/// Commits in doubt that are remembered; each holds the documents it wrote. More than one take a store that fails push after
/// push, just between the taking of a commit and the answer.
const MAX_IN_DOUBT: usize = 4;

/// The version that a session counts its changes from; none for one that was opened without looking, or found nothing.
///
/// A commit whose answer was lost may have happened, or may yet. What it wrote is neither in the base then nor the session's
/// alone: another push would meet it as somebody else's. So it is remembered until the version that it was to make is there,
/// whoever made it.
#[derive(Debug, Default)]
pub struct Base {
    manifest: Option<Arc<Manifest>>,
    /// All for the same version, since the first to make it ends the doubt.
    in_doubt: Vec<Commitment>,
}

/// A commit that was asked for and of which nothing more is known.
#[derive(Debug)]
struct Commitment {
    version: u64,
    commit_id: Uuid,
    changed: Arc<Changed>,
    taken: Taken,
}

impl From<Option<Arc<Manifest>>> for Base {
    fn from(manifest: Option<Arc<Manifest>>) -> Base {
        Base {
            manifest,
            in_doubt: Vec::new(),
        }
    }
}

impl Base {
    /// The version.
    pub fn manifest(&self) -> Option<&Arc<Manifest>> {
        self.manifest.as_ref()
    }

    /// Remembers a commit before it is asked for.
    pub(crate) fn doubt(&mut self, version: u64, commit_id: Uuid, changed: Arc<Changed>, taken: Taken) {
        if self.in_doubt.len() == MAX_IN_DOUBT {
            self.in_doubt.remove(0);
        }
        self.in_doubt.push(Commitment {
            version,
            commit_id,
            changed,
            taken,
        });
    }

    /// Forgets the commit that was remembered last: another took its place.
    pub(crate) fn lost(&mut self) {
        self.in_doubt.pop();
    }

    /// Ends the doubt if the version that it is about is there by now, `head` being the newest. Returns whether the session's
    /// own commit made it, which is the base then.
    pub(crate) async fn settle(
        &mut self,
        index: &impl ReadVersions,
        head: Option<&Manifest>,
        session: &Session,
    ) -> Result<bool> {
        let Some(version) = self.in_doubt.first().map(|commitment| commitment.version) else {
            return Ok(false);
        };
        let made = match head {
            Some(head) if head.version == version => Some(head.clone()),
            Some(head) if head.version > version => index.manifest(version).await?,
            _ => return Ok(false),
        };
        match made {
            Some(made) => self.made(made, session),
            // Collected long since, whosever it was.
            None => {
                self.in_doubt.clear();
                Ok(false)
            }
        }
    }

    /// Takes note of the version that all the doubt is about: it is the base if a commit of the session made it.
    pub(crate) fn made(&mut self, manifest: Manifest, session: &Session) -> Result<bool> {
        let in_doubt = std::mem::take(&mut self.in_doubt);
        let is_it = |commitment: &Commitment| commitment.commit_id == manifest.commit_id;
        let Some(own) = in_doubt.into_iter().find(is_it) else {
            return Ok(false);
        };
        self.manifest = Some(Arc::new(manifest));
        session.pushed(&own.changed, &own.taken)?;
        Ok(true)
    }

    /// Another version of the same content took the place of the base.
    pub(crate) fn compacted(&mut self, manifest: Manifest) {
        self.manifest = Some(Arc::new(manifest));
    }
}
