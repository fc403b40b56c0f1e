//! Names of users to names of objects, and no name of a user ever joined into a path as it is.

use moss_core::Result;
use moss_core::limits::check_name;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Longest part of a path made from a name: file systems allow 255, and staging appends to it.
const MAX_PART_BYTES: usize = 120;
/// How much of a longer name stays readable before its hash.
const READABLE_BYTES: usize = 64;
/// Ends the readable part of a hashed name; never made by escaping.
const HASH_MARK: char = '.';

/// A name as one part of a path, different for different names even where case is not told apart.
///
/// `a-z 0-9 _ -` stay, any other byte becomes `=` and two lower hex digits. Above 120 bytes: the first 64, a dot, and the
/// first 32 hex digits of the name's SHA-256.
pub fn escape(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => part.push(char::from(byte)),
            other => {
                part.push('=');
                part.push_str(&hex::encode([other]));
            }
        }
    }
    if part.len() > MAX_PART_BYTES {
        part.truncate(READABLE_BYTES);
        part.push(HASH_MARK);
        part.push_str(&hex::encode(Sha256::digest(name))[..32]);
    }
    part
}

/// The name that [`escape`] made this part from; `None` for a hashed one, and for what it never makes.
pub(crate) fn unescape(part: &str) -> Option<String> {
    let mut name = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'=' => {
                let digits = [bytes.next()?, bytes.next()?];
                name.extend(hex::decode(digits).ok()?);
            }
            plain => name.push(plain),
        }
    }
    let name = String::from_utf8(name).ok()?;
    (escape(&name) == part).then_some(name)
}

/// Where the objects of a project are.
#[derive(Debug, Clone)]
pub(crate) struct ProjectKeys {
    root: String,
}

impl ProjectKeys {
    pub(crate) fn new(project: &str) -> Result<ProjectKeys> {
        check_name(project).map_err(|error| error.within("project"))?;
        Ok(ProjectKeys {
            root: format!("p/{}", escape(project)),
        })
    }

    /// Above all projects.
    pub(crate) fn all() -> Path {
        Path::from("p")
    }

    pub(crate) fn root(&self) -> Path {
        Path::from(self.root.as_str())
    }

    /// Holds the project's name where the root is a hash of it.
    pub(crate) fn name(&self) -> Path {
        Self::name_under(&self.root())
    }

    pub(crate) fn name_under(root: &Path) -> Path {
        root.clone().join("name")
    }

    pub(crate) fn all_keys(&self) -> Path {
        Path::from(format!("{}/k", self.root))
    }

    pub(crate) fn key(&self, key_id: &str) -> Path {
        Path::from(format!("{}/k/{}", self.root, escape(key_id)))
    }

    pub(crate) fn payloads(&self) -> Path {
        Path::from(format!("{}/u", self.root))
    }

    pub(crate) fn payload(&self, job: &str) -> Path {
        Path::from(format!("{}/u/{}", self.root, escape(job)))
    }

    pub(crate) fn record(&self) -> Path {
        Path::from(format!("{}/project.json", self.root))
    }

    pub(crate) fn jobs(&self) -> Path {
        Path::from(format!("{}/j", self.root))
    }

    pub(crate) fn job(&self, job: &str) -> Path {
        Path::from(format!("{}/j/{}", self.root, escape(job)))
    }

    /// What somebody writes who takes a job on, counted from 1. Beside the jobs, so that it is collected with them.
    pub(crate) fn claim(&self, job: &str, attempt: u32) -> Path {
        Path::from(format!("{}/j/{}.{attempt}", self.root, escape(job)))
    }

    /// Written to ask the store for its time.
    pub(crate) fn clock(&self) -> Path {
        Path::from(format!("{}/clock", self.root))
    }

    pub(crate) fn queues(&self) -> Path {
        Path::from(format!("{}/q", self.root))
    }

    pub(crate) fn queue(&self, index: &str) -> Path {
        Path::from(format!("{}/q/{}", self.root, escape(index)))
    }

    pub(crate) fn queued(&self, index: &str, number: u64) -> Path {
        queue_entry(&self.queue(index), number)
    }

    pub(crate) fn catalogue(&self) -> Path {
        Path::from(format!("{}/c", self.root))
    }

    pub(crate) fn catalogue_entry(&self, index: &str) -> Path {
        Path::from(format!("{}/c/{}", self.root, escape(index)))
    }

    pub(crate) fn index(&self, index: &str) -> Result<IndexKeys> {
        check_name(index)?;
        Ok(IndexKeys {
            root: format!("{}/i/{}", self.root, escape(index)),
        })
    }
}

/// Where the objects of an index are.
#[derive(Debug, Clone)]
pub(crate) struct IndexKeys {
    root: String,
}

impl IndexKeys {
    /// Written to ask the store for its time.
    pub(crate) fn clock(&self) -> Path {
        Path::from(format!("{}/clock", self.root))
    }

    pub(crate) fn segments(&self) -> Path {
        Path::from(format!("{}/s", self.root))
    }

    pub(crate) fn segment(&self, id: Uuid) -> Path {
        Path::from(format!("{}/s/{id}.seg", self.root))
    }

    pub(crate) fn manifests(&self) -> Path {
        Path::from(format!("{}/m", self.root))
    }

    /// Numbered downwards, so that stores that list in order list the newest first.
    pub(crate) fn manifest(&self, version: u64) -> Path {
        Path::from(format!("{}/m/{:020}.mf", self.root, u64::MAX - version))
    }
}

/// The number in the name of a queue's entry.
pub(crate) fn queue_number(name: &str) -> Option<u64> {
    let is_number = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| name.parse().ok()).flatten()
}

/// The entry of that number in a queue.
pub(crate) fn queue_entry(queue: &Path, number: u64) -> Path {
    queue.clone().join(format!("{number:020}"))
}

/// The version in a manifest's name. Names ascend as versions fall.
pub(crate) fn version_in(name: &str) -> Option<u64> {
    queue_number(name.strip_suffix(".mf")?).map(|number| u64::MAX - number)
}

/// The version of the manifest at this path.
pub(crate) fn manifest_version(path: &Path) -> Option<u64> {
    version_in(path.filename()?)
}

/// The id in a segment's name.
pub(crate) fn segment_id(path: &Path) -> Option<Uuid> {
    path.filename()?.strip_suffix(".seg")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_tame() {
        assert_eq!(escape("conv-123"), "conv-123");
        assert_eq!(escape("../A/é"), "=2e=2e=2f=41=2f=c3=a9");
        let long = "x".repeat(121);
        assert_eq!(
            escape(&long),
            format!("{}.{}", "x".repeat(64), "79072a47bfaa54e6057a9ee21e0dea64")
        );
        assert_eq!(unescape("=2E"), None);
        assert_eq!(unescape("=2"), None);
        assert_eq!(unescape("=61"), None, "escape leaves an a as it is");
        assert_eq!(unescape(&escape(&long)), None);
    }

    proptest! {
        #[test]
        fn every_name_is_one_safe_part(name in any::<String>()) {
            let part = escape(&name);
            prop_assert!(part.len() <= MAX_PART_BYTES);
            prop_assert!(part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'=' | b'.')));
            let path = Path::from(part.as_str());
            prop_assert_eq!(path.as_ref(), part.as_str());
            match unescape(&part) {
                Some(back) => prop_assert_eq!(back, name),
                None => prop_assert!(part.len() == READABLE_BYTES + 33),
            }
        }
    }

    #[test]
    fn names_that_differ_in_case_or_only_at_the_end_differ() {
        let long = "Ü".repeat(100);
        let names = [
            "a",
            "A",
            "=41",
            "Ü",
            "ü",
            &format!("{long}a"),
            &format!("{long}b"),
        ];
        let mut parts: Vec<String> = names.iter().map(|name| escape(name).to_lowercase()).collect();
        parts.sort();
        parts.dedup();
        assert_eq!(parts.len(), names.len());
    }

    #[test]
    fn manifests_are_numbered_downwards() {
        let keys = ProjectKeys::new("p").unwrap().index("x").unwrap();
        assert_eq!(keys.manifest(1).as_ref(), "p/p/i/x/m/18446744073709551614.mf");
        assert!(keys.manifest(2) < keys.manifest(1));
        for version in [0, 1, 1 << 40, u64::MAX] {
            assert_eq!(manifest_version(&keys.manifest(version)), Some(version));
        }
        for other in [
            "m/1.mf",
            "m/18446744073709551616.mf",
            "m/+8446744073709551614.mf",
            "m/x",
        ] {
            assert_eq!(manifest_version(&Path::from(other)), None, "{other}");
        }
    }
}
