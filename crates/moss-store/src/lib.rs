//! Segments and manifests over object storage: names, commits, versions and garbage collection; knows bytes, not search.
