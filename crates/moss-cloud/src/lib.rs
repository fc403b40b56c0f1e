//! The Moss cloud as a library: projects, indexes, jobs, pushes and queries over a store.
