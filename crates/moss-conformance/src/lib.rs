//! Language-neutral scenarios of the Moss surface, and their Rust runner.
