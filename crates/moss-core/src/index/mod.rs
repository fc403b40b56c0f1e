//! Ranking rows: the exact scan, the graph for large indexes, and the blend with keyword scores.
