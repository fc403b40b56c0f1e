//! Which row a node of a graph stands for.

/// No row, or no node.
const NONE: u32 = u32::MAX;

/// The two-way map between the nodes of one graph and the rows of the index. A node whose row was replaced or
/// removed stays in the graph as a way to others, and stands for no row.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    rows: Vec<u32>,
    nodes: Vec<u32>,
    detached: usize,
}

impl Nodes {
    /// Adds a node for each of `rows`, none of which has one.
    pub(super) fn extend(&mut self, rows: &[u32]) {
        for &row in rows {
            let row = row as usize;
            if self.nodes.len() <= row {
                self.nodes.resize(row + 1, NONE);
            }
            self.nodes[row] = self.rows.len() as u32;
            self.rows.push(row as u32);
        }
    }

    /// The row that a node stands for.
    pub(super) fn row(&self, node: u64) -> Option<u32> {
        self.rows.get(node as usize).copied().filter(|&row| row != NONE)
    }

    /// Whether the row has a node.
    pub(super) fn has(&self, row: usize) -> bool {
        self.nodes.get(row).is_some_and(|&node| node != NONE)
    }

    /// The row's vector is no longer the node's.
    pub(super) fn detach(&mut self, row: u32) {
        if let Some(node) = self.nodes.get_mut(row as usize)
            && *node != NONE
        {
            self.rows[*node as usize] = NONE;
            *node = NONE;
            self.detached += 1;
        }
    }

    /// Whether more than a quarter of the nodes stand for nothing.
    pub(super) fn is_worn(&self) -> bool {
        self.detached * 4 > self.rows.len()
    }

    /// Row `r` is now `new_row[r]`, or gone where that is `u32::MAX`.
    pub(super) fn remap(&mut self, new_row: &[u32]) {
        let mut nodes = vec![NONE; new_row.len()];
        for (node, row) in self.rows.iter_mut().enumerate().filter(|(_, row)| **row != NONE) {
            *row = new_row.get(*row as usize).copied().unwrap_or(NONE);
            match nodes.get_mut(*row as usize) {
                Some(entry) => *entry = node as u32,
                None => self.detached += 1,
            }
        }
        self.nodes = nodes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_follow_their_rows() {
        let mut nodes = Nodes::default();
        nodes.extend(&[4, 0, 2]);
        nodes.detach(0);
        nodes.detach(0);
        nodes.detach(77);
        assert_eq!(
            [0, 1, 2, 3].map(|node| nodes.row(node)),
            [Some(4), None, Some(2), None]
        );
        assert_eq!([0, 2, 4, 9].map(|row| nodes.has(row)), [false, true, true, false]);
        nodes.remap(&[0, NONE, 1, NONE, 2]);
        assert_eq!([0, 1, 2].map(|node| nodes.row(node)), [Some(2), None, Some(1)]);
        nodes.remap(&[NONE, NONE, 0]);
        assert_eq!([0, 1, 2].map(|node| nodes.row(node)), [Some(0), None, None]);
        assert_eq!([0, 1, 2].map(|row| nodes.has(row)), [true, false, false]);
        assert!(nodes.is_worn());
        nodes.extend(&[1, 2, 3, 4, 5]);
        assert_eq!(nodes.row(3), Some(1));
        assert!(!nodes.is_worn());
    }
}
