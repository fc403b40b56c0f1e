//! Finds, downloads, verifies and packs the model files that moss-core opens.
