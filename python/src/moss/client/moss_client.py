"""The client of a project: its indexes, its sessions, and queries of both."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Union,
)

from moss_core import (
    CLOUD_API_MANAGE_URL,
    CUSTOM_MODEL,
    DEFAULT_MODEL,
    ERRORS_BY_KIND,
    CloudError,
    DocumentInfo,
    EmbeddingRequiredError,
    GetDocumentsOptions,
    IndexInfo,
    IndexManager,
    IndexNotLoadedError,
    InvalidArgumentError,
    JobStatusResponse,
    LoadIndexesResult,
    ManageClient,
    MossError,
    MutationOptions,
    MutationResult,
    NetworkError,
    ParseFileInput,
    QueryOptions,
    QueryResultDocumentInfo,
    SearchResult,
)
from moss_core._moss import new_client_id

from .arguments import check_options, has_embedding, is_vector, items
from .session_index import SessionIndex
from .worker import T, in_thread

if TYPE_CHECKING:
    import httpx
    from moss_core._moss import DocumentDict

_LOCAL_TOP_K = 5
_CLOUD_TOP_K = 10
_DEFAULT_ALPHA = 0.8
_CLOUD_TIMEOUT_SECONDS = 60.0


def __getattr__(name: str) -> Any:
    # httpx costs more to import than all the rest and is needed only to ask a service; as an attribute of this
    # module it can still be patched.
    if name == "httpx":
        import httpx

        globals()["httpx"] = httpx
        return httpx
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _get_manage_url() -> str:
    """Where the cloud is managed: the environment's service, or the store in this process."""
    return os.environ.get("MOSS_CLOUD_API_MANAGE_URL") or CLOUD_API_MANAGE_URL


def _get_query_url() -> str:
    """Where the cloud is queried: the environment's endpoint, or the one beside the manage URL."""
    explicit = os.environ.get("MOSS_CLOUD_QUERY_URL")
    return explicit or _get_manage_url().replace("/v1/manage", "/query")


class MossClient:
    """A project of these credentials. Making one does no I/O; opening a session checks them.

    Every method is a coroutine whose work runs in a thread with the interpreter lock released.
    """

    DEFAULT_MODEL_ID = DEFAULT_MODEL

    def __init__(self, project_id: str = "", project_key: str = "") -> None:
        if not project_id or not project_key:
            raise InvalidArgumentError(
                "project_id and project_key must not be empty; "
                "they are often kept in MOSS_PROJECT_ID and MOSS_PROJECT_KEY"
            )
        self._project_id = project_id
        self._project_key = project_key
        self._client_id = new_client_id()
        place = (project_id, project_key, _get_manage_url(), self._client_id)
        self._manage = ManageClient(*place)
        self._manager = IndexManager(*place)

    # Cloud indexes

    async def create_index(
        self, name: str, docs: Sequence[Union[DocumentInfo, DocumentDict]], model_id: Optional[str] = None
    ) -> MutationResult:
        """Creates an index of these documents and waits until it can be read.

        Without ``model_id`` the model is ``custom`` if a document has an embedding, else ``moss-minilm``. A name in
        use raises ``IndexExistsError``.
        """

        def create() -> MutationResult:
            # Read twice, once for the model: a generator would be used up by then.
            batch = items(docs, "docs")
            return self._manage.create_index(name, batch, self._resolve_model_id(batch, model_id))

        return await in_thread(create)

    async def create_index_from_files(
        self, name: str, files: Sequence[ParseFileInput], model_id: Optional[str] = None
    ) -> MutationResult:
        """Creates an index of the chunks of text and Markdown files; ``doc_count`` is their number."""
        return await in_thread(self._manage.create_index_from_files, name, files, model_id)

    async def add_docs(
        self, name: str, docs: Sequence[Union[DocumentInfo, DocumentDict]], options: Optional[MutationOptions] = None
    ) -> MutationResult:
        """Adds documents to an index, replaces those whose id it has, and waits until they can be read."""
        return await in_thread(self._manage.add_docs, name, docs, options)

    async def delete_docs(self, name: str, doc_ids: Sequence[str]) -> MutationResult:
        """Deletes documents of an index; ``doc_count`` is the number of ids asked for."""
        return await in_thread(self._manage.delete_docs, name, doc_ids)

    async def get_job_status(self, job_id: str) -> JobStatusResponse:
        """What is known of a job; mutations and pushes name theirs."""
        return await in_thread(self._manage.get_job_status, job_id)

    async def get_index(self, name: str) -> IndexInfo:
        """What is known of an index. A missing one raises ``IndexNotFoundError``."""
        return await in_thread(self._manage.get_index, name)

    async def list_indexes(self) -> List[IndexInfo]:
        """All indexes of the project."""
        return await in_thread(self._manage.list_indexes)

    async def delete_index(self, name: str) -> bool:
        """Deletes an index."""
        return await in_thread(self._manage.delete_index, name)

    async def get_docs(
        self, name: str, options: Optional[GetDocumentsOptions] = None
    ) -> List[DocumentInfo]:
        """The documents of an index: those of ``options.doc_ids`` in that order, or all by id.

        Of the options only ``doc_ids`` counts here; the others are for sessions.
        """
        return await in_thread(self._manage.get_docs, name, options)

    # Loaded indexes

    async def load_index(
        self, name: str, auto_refresh: bool = False, polling_interval_in_seconds: int = 600
    ) -> str:
        """Loads the current version of an index into this process, and its query model: returns the name.

        With ``auto_refresh`` newer versions are taken over as they appear; loading again replaces these choices.
        """

        def load() -> None:
            self._manager.load_index(name, auto_refresh, polling_interval_in_seconds)
            self._manager.load_query_model(name)

        with _runtime_error_on_failure("load", name):
            await in_thread(load)
        return name

    async def unload_index(self, name: str) -> None:
        """Frees a loaded index. One that is not loaded raises ``IndexNotLoadedError``."""
        with _runtime_error_on_failure("unload", name):
            await in_thread(self._manager.unload_index, name)

    async def load_indexes(self, names: Sequence[str]) -> LoadIndexesResult:
        """Loads each index on its own: ``loaded`` names those that are, ``failed`` says why the others are not."""
        return await in_thread(self._manager.load_indexes, names)

    async def unload_indexes(self, names: Iterable[str]) -> None:
        """Frees those of these indexes that are loaded."""

        def unload() -> None:
            for name in items(names, "names"):
                try:
                    self._manager.unload_index(name)
                except IndexNotLoadedError:
                    pass

        await in_thread(unload)

    # Queries

    async def query(
        self, name: str, query: str, options: Optional[QueryOptions] = None
    ) -> SearchResult:
        """The documents of an index that answer ``query`` best.

        A loaded index is asked in memory; any other through the cloud's query endpoint, which returns 10 documents
        unless ``top_k`` says otherwise and knows neither ``alpha`` nor ``filter``.
        """
        check_options(options)
        embedding = getattr(options, "embedding", None)
        top_k = getattr(options, "top_k", None)
        alpha = getattr(options, "alpha", None)
        filter = getattr(options, "filter", None)
        if not is_vector(embedding):
            embedding = None

        if not self._manager.has_index(name):
            if filter is not None:
                _log_ignored_filter(name)
            return await self._cloud_query(name, query, embedding, top_k)

        top_k = _LOCAL_TOP_K if top_k is None else top_k
        alpha = _DEFAULT_ALPHA if alpha is None else alpha
        if embedding is None:
            return await _ask(self._manager.query_text, name, query, top_k, alpha, filter)
        return await _ask(
            self._manager.query, name, query, list(embedding), top_k, alpha, filter
        )

    async def query_multi_index(
        self, names: Sequence[str], query: str, options: Optional[QueryOptions] = None
    ) -> SearchResult:
        """The documents of several loaded indexes of one model that answer best, ranked by meaning alone.

        Each result names its index in ``index_name``.
        """
        check_options(options)
        top_k = getattr(options, "top_k", None)
        return await _ask(
            self._manager.query_multi_index,
            names,
            query,
            getattr(options, "embedding", None),
            _LOCAL_TOP_K if top_k is None else top_k,
            getattr(options, "filter", None),
        )

    # Sessions

    async def session(self, index_name: str, model_id: Optional[str] = None) -> SessionIndex:
        """Opens the session of this name: with the documents of its last push, or empty.

        Checks the credentials. Without ``model_id`` a stored session keeps its model and a new one has
        ``moss-minilm``; another model than the stored one raises ``ValueError``.
        """
        return SessionIndex(await in_thread(self._manager.session, index_name, model_id))

    def _resolve_model_id(self, docs: Sequence[Any], model_id: Optional[str]) -> str:
        """The model of a new index: the one named, else ``custom`` if any document brings a vector."""
        if model_id is not None:
            return model_id
        return CUSTOM_MODEL if any(has_embedding(doc) for doc in docs) else self.DEFAULT_MODEL_ID

    async def _cloud_query(
        self, name: str, query: str, embedding: Optional[Sequence[float]], top_k: Optional[int]
    ) -> SearchResult:
        url = _get_query_url()
        limit = top_k or _CLOUD_TOP_K
        if url.startswith("embedded:"):
            return await _ask(self._manager.cloud_query, name, query, embedding, limit)

        body: Dict[str, Any] = {
            "query": query,
            "indexName": name,
            "projectId": self._project_id,
            "projectKey": self._project_key,
            "topK": limit,
        }
        if embedding is not None:
            body["queryEmbedding"] = [float(x) for x in embedding]
        try:
            # Made in a thread: it reads the machine's certificates, for which the loop would stand still.
            async with await in_thread(_http_client) as client:
                response = await client.post(
                    url, headers={"Content-Type": "application/json"}, json=body
                )
        except Exception as error:
            raise NetworkError(f"Cloud query request failed: {error}") from error
        if not response.is_success:
            raise _http_error(response)
        try:
            return self._dict_to_search_result(response.json())
        except (ValueError, TypeError, AttributeError) as error:
            raise CloudError(f"the cloud query answered what is no result: {error}") from error

    @staticmethod
    def _dict_to_search_result(data: Dict[str, Any]) -> SearchResult:
        """The answer of the query endpoint as objects; what it leaves out is empty."""
        docs = [
            QueryResultDocumentInfo(
                id=doc.get("id", ""),
                text=doc.get("text", ""),
                metadata=doc.get("metadata"),
                score=float(doc.get("score", 0.0)),
                payload=doc.get("payload"),
            )
            for doc in data.get("docs", [])
        ]
        return SearchResult(
            docs=docs,
            query=data.get("query", ""),
            index_name=data.get("indexName"),
            time_taken_ms=data.get("timeTakenMs"),
        )


def _http_client() -> "httpx.AsyncClient":
    http = globals().get("httpx") or __getattr__("httpx")
    client: "httpx.AsyncClient" = http.AsyncClient(timeout=_CLOUD_TIMEOUT_SECONDS)
    return client


def _log_ignored_filter(name: str) -> None:
    import logging

    logging.getLogger(__name__).warning(
        "Metadata filter ignored: index '%s' is not loaded, and the cloud query takes no filter", name
    )


@contextmanager
def _runtime_error_on_failure(what: str, name: str) -> Iterator[None]:
    """Makes the error of a load or unload a ``RuntimeError`` that names the index, of the same kind if it has one.

    A bad argument stays what it is.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MossError) and not isinstance(error, RuntimeError):
            raise
        message = f"Failed to {what} index '{name}': {error}"
        kind = type(error) if isinstance(error, MossError) else RuntimeError
        raise kind(message) from error


_NO_QUERY_EMBEDDING = (
    "This index uses custom embeddings. "
    "Give the query's vector in QueryOptions(embedding=...), from the model of the documents."
)


async def _ask(call: Callable[..., T], /, *args: object) -> T:
    """Awaits a query, and says in the caller's words what an index of custom vectors lacks."""
    try:
        return await in_thread(call, *args)
    except Exception as error:
        if "requires explicit query embeddings" not in str(error):
            raise
        raise EmbeddingRequiredError(_NO_QUERY_EMBEDDING) from error


# What a status says where the body names no kind: that of a proxy, or of another service.
_KINDS_BY_STATUS: Dict[int, str] = {
    401: "Unauthorized",
    403: "Unauthorized",
    413: "TooLarge",
    429: "RateLimited",
    502: "Network",
    503: "Network",
    504: "Network",
}


def _http_error(response: "httpx.Response") -> MossError:
    """The error of a refused cloud query. Our services name its kind in the body."""
    message = f"HTTP error! status: {response.status_code}"
    by_status = _KINDS_BY_STATUS.get(response.status_code, "Cloud")
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    if isinstance(body.get("error"), str):
        message += f": {body['error']}"
    kind = ERRORS_BY_KIND.get(str(body.get("code"))) or ERRORS_BY_KIND[by_status]
    if kind is EmbeddingRequiredError:
        message = f"{_NO_QUERY_EMBEDDING} {message}"
    return kind(message)
