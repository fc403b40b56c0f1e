//! Real-time semantic search inside the application: the public Rust API of Moss.
