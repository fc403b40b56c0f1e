//! Benchmarks and quality measurements of Moss.
