//! What a Moss client and the Moss service say to each other over HTTP.
