//! The native module of the Moss Python package.
