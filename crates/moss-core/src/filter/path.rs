//! Where in a filter a value stands, for messages.

use std::fmt;

/// The place of a value in a filter, spelled as `$and[1].condition`; written out only in errors.
///
/// A binding whose values are not JSON keeps one while it turns them to JSON, so that what JSON cannot hold, such as a
/// NaN, is named by the same words as what the grammar does not allow.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// The filter itself.
    Root,
    /// The value of a key.
    Key(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Containers inside containers that a binding follows before it leaves the verdict to [`Filter::parse`], which
    /// allows fewer: a container that contains itself would not end otherwise.
    ///
    /// [`Filter::parse`]: super::Filter::parse
    pub const MAX_DEPTH: usize = 256;

    /// Whether a scalar here is what an operator compares with, so that an integer beyond 64 bits may be handed over as
    /// its digits. Anywhere else a number is a fault whatever its size.
    pub fn in_operator(&self) -> bool {
        match self {
            Path::Root => false,
            Path::Key(_, key) => key.starts_with('$'),
            Path::Index(parent, _) => parent.in_operator(),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("filter"),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(parent, key) => write!(f, "{parent}.{key}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
