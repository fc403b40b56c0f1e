//! State to bytes and back: the segment format of docs/snapshot-format.md.
