//! The Moss service: the HTTP door of the cloud library.
