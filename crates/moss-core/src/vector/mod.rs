//! Rows of f32 with a one-byte code each, and the kernels that multiply them.
