"""A local index that is read and written in memory and pushed under its name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterable, List, Literal, Optional, Sequence, Tuple, Union

from moss_core import (
    CUSTOM_MODEL,
    DocumentInfo,
    GetDocumentsOptions,
    IndexManager,
    MutationOptions,
    PushIndexResult,
    QueryOptions,
    SearchResult,
)

from .worker import in_thread

if TYPE_CHECKING:
    from moss_core._moss import DocumentDict, Session


class SessionIndex:
    """A session, as :meth:`moss.MossClient.session` opens it.

    What is added is found by the next query; nothing but :meth:`push_index` and :meth:`load_index` reaches the
    cloud. Calls may run in parallel: a query sees a whole batch or nothing of it. There is nothing to close.
    """

    def __init__(self, inner: Session) -> None:
        self._inner = inner

    @classmethod
    def _create(
        cls,
        name: str,
        model_id: Optional[str] = None,
        *,
        project_id: str,
        project_key: str,
        manage_url: Optional[str] = None,
    ) -> "SessionIndex":
        """An empty session that has not looked at the cloud; pushing it replaces the index of its name."""
        manager = IndexManager(project_id, project_key, manage_url)
        return cls(manager.session(name, model_id, auto_load=False))

    async def _get_embedding_service(self) -> "SessionIndex":
        """Loads the session's model, so that the first query need not."""
        if self._inner.model_id != CUSTOM_MODEL:
            await in_thread(self._inner.warm)
        return self

    @property
    def _model_id(self) -> str:
        return self._inner.model_id

    @property
    def name(self) -> str:
        """The session's name, which is that of the index it pushes."""
        return self._inner.name

    @property
    def doc_count(self) -> int:
        """Documents in the session."""
        return self._inner.doc_count

    @property
    def model_id(self) -> str:
        """The model in force: the one asked for, or the stored index's."""
        return self._inner.model_id

    async def add_docs(
        self,
        docs: Sequence[Union[DocumentInfo, DocumentDict]],
        options: Optional[MutationOptions] = None,
    ) -> Tuple[int, int]:
        """Adds documents, and replaces those whose id is known: how many were added, how many replaced.

        The texts are embedded here, unless the documents bring vectors. An invalid document raises ``ValueError`` or
        ``TypeError``, and then none of the batch is applied.
        """
        return await in_thread(self._inner.add_docs, docs, options)

    async def delete_docs(self, doc_ids: Iterable[str]) -> int:
        """Deletes documents: how many there were. Unknown ids are passed over."""
        return await in_thread(self._inner.delete_docs, doc_ids)

    async def get_docs(self, options: Optional[GetDocumentsOptions] = None) -> List[DocumentInfo]:
        """Documents by id, filter and order; all of them, by id, if nothing is asked for."""
        return await in_thread(self._inner.get_docs, options)

    async def query(self, query: str, options: Optional[QueryOptions] = None) -> SearchResult:
        """The documents that answer ``query`` best: 5 of them, or ``options.top_k``.

        A session of the model ``custom`` needs ``options.embedding`` and raises ``ValueError`` without.

        What takes a millisecond or two is done at once: a query of up to 160 bytes, or with an embedding, for up to 100
        documents. All else is done in a thread.
        """
        found = self._inner.query_if_quick(query, options)
        return await in_thread(self._inner.query, query, options) if found is None else found

    async def push_index(
        self, *, on_conflict: Optional[Literal["merge", "replace", "fail"]] = None
    ) -> PushIndexResult:
        """Commits the documents of this moment as the next version of the index of the session's name.

        When it returns, whoever opens the name sees that version. If somebody else pushed since this session was
        opened or last pushed, ``"merge"``, which is the default, joins both by id and takes the other's documents
        into this session too; ``"replace"`` drops them; ``"fail"`` raises ``ConflictError``. A failed push changes
        nothing and may be tried again.
        """
        return await in_thread(self._inner.push_index, on_conflict)

    async def load_index(self, index_name: str) -> int:
        """Replaces the session's content by that of a cloud index: its number of documents, 0 if there is none."""
        return await in_thread(self._inner.load_index, index_name)

    async def save_to_disk(self, cache_path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes the session below ``cache_path/<name>/``, in one step."""
        await in_thread(self._inner.save_to_disk, cache_path)

    async def load_from_disk(self, cache_path: Union[str, "os.PathLike[str]"]) -> int:
        """Reads what :meth:`save_to_disk` wrote: its number of documents, 0 if there is nothing."""
        return await in_thread(self._inner.load_from_disk, cache_path)

    def __repr__(self) -> str:
        return f"SessionIndex(name={self.name!r}, model_id={self.model_id!r}, doc_count={self.doc_count})"
