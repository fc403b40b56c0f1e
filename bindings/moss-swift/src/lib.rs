//! What the Swift package of Moss calls.
