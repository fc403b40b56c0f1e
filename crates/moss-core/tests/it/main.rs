//! Tests of moss-core through its public surface, one module per subject.

mod embed;
