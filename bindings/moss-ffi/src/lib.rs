//! The C ABI of Moss.
