//! What the Elixir package of Moss calls.
