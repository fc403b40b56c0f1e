//! Text to vector: tokenizer, encoder and the registry of models; the files come from outside.
