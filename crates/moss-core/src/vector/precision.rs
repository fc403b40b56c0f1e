//! How exactly vectors are held.

use serde::{Deserialize, Serialize};

/// How an index holds its vectors.
///
/// In `Int8` a vector is its scan code: components rounded to the nearest of 255 steps, of a step as wide as a 127th of the
/// vector's largest component. A vector that was rounded is not changed by rounding it again, to the bit, so that it may
/// pass between indexes of both kinds. A vector without a component of 1e-30 or more becomes zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bytes a component, as given.
    #[serde(rename = "fp32")]
    F32,
    /// One byte a component.
    Int8,
}

impl Precision {
    /// What sessions take where none is named: `Int8` on iOS, `F32` elsewhere.
    pub const PLATFORM: Precision = if cfg!(target_os = "ios") {
        Precision::Int8
    } else {
        Precision::F32
    };
}
