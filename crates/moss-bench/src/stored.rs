//! The documents that `moss-bench session` keeps in a store, as they are stored: without a session over them.

use moss::Result;
use moss_cloud::Cloud;
use moss_core::snapshot::{Row, live_rows};

use crate::{corpus, session};

/// Calls `read` with every document of the index.
pub(crate) fn read<T>(store: &str, read: impl FnOnce(&[Row<'_>]) -> Result<T>) -> Result<T> {
    let loaded = moss::block_on(async {
        Cloud::open(store)?
            .project(session::PROJECT, session::KEY)
            .await?
            .load(session::NAME, None, None)
            .await
    })?;
    let loaded = loaded.ok_or_else(corpus::empty_store)?;
    loaded.with_layers(|layers| {
        let rows: Vec<Row<'_>> = live_rows(layers)
            .iter()
            .map(|at| layers[at.layer].segment.row(at.row))
            .collect();
        read(&rows)
    })
}
