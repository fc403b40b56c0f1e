import os
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, Protocol, TypedDict, final, type_check_only

from typing_extensions import NotRequired

__all__ = [
    "CLOUD_API_MANAGE_URL",
    "CUSTOM_MODEL",
    "CacheCorruptError",
    "ClosedError",
    "CloudError",
    "ConflictError",
    "DEFAULT_MODEL",
    "DimensionMismatchError",
    "DocumentInfo",
    "ERRORS_BY_KIND",
    "EmbeddingMissingError",
    "EmbeddingRequiredError",
    "GetDocumentsOptions",
    "IndexExistsError",
    "IndexInfo",
    "IndexManager",
    "IndexNotFoundError",
    "IndexNotLoadedError",
    "IndexStatus",
    "IndexStatusValues",
    "InternalError",
    "InvalidArgumentError",
    "InvalidFilterError",
    "InvalidFilterTypeError",
    "InvalidTypeError",
    "IoError",
    "JobFailedError",
    "JobNotFoundError",
    "JobPhase",
    "JobProgress",
    "JobStatus",
    "JobStatusResponse",
    "JobTimeoutError",
    "LoadIndexesResult",
    "ManageClient",
    "MixedEmbeddingsError",
    "ModelMismatchError",
    "ModelRef",
    "ModelUnavailableError",
    "MossError",
    "MutationOptions",
    "MutationResult",
    "NetworkError",
    "ParentGrouping",
    "ParseFileInput",
    "PushIndexResult",
    "QueryOptions",
    "QueryResultDocumentInfo",
    "RateLimitedError",
    "SearchResult",
    "Session",
    "TooLargeError",
    "UnauthorizedError",
    "UnknownModelError",
    "UploadMissingError",
    "__version__",
    "new_client_id",
    "set_bundled_model_dir",
]

__version__: Final[str]
CLOUD_API_MANAGE_URL: Final[str]
DEFAULT_MODEL: Final[str]
CUSTOM_MODEL: Final[str]

def new_client_id() -> str: ...
def set_bundled_model_dir(path: str | os.PathLike[str]) -> None: ...

# What calls take

@type_check_only
class DocumentDict(TypedDict):
    """A document as a plain dict."""

    id: str
    text: str
    metadata: NotRequired[dict[str, str] | None]
    embedding: NotRequired[Floats | None]
    payload: NotRequired[str | None]

@type_check_only
class Floats(Protocol):
    """A sequence of floats; NumPy arrays are such."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...

# Documents and results

@final
class DocumentInfo:
    def __new__(
        cls,
        id: str,
        text: str,
        metadata: dict[str, str] | None = None,
        embedding: Floats | None = None,
        payload: str | None = None,
    ) -> DocumentInfo: ...
    id: str
    text: str
    metadata: dict[str, str] | None
    @property
    def embedding(self) -> list[float] | None: ...
    @embedding.setter
    def embedding(self, value: Floats | None) -> None: ...
    payload: str | None

@final
class QueryResultDocumentInfo:
    def __new__(
        cls,
        id: str,
        text: str,
        metadata: dict[str, str] | None = None,
        score: float = 0.0,
        payload: str | None = None,
        index_name: str | None = None,
    ) -> QueryResultDocumentInfo: ...
    id: str
    text: str
    metadata: dict[str, str] | None
    score: float
    payload: str | None
    index_name: str | None

@final
class SearchResult:
    def __new__(
        cls,
        docs: Sequence[QueryResultDocumentInfo],
        query: str,
        index_name: str | None = None,
        time_taken_ms: int | None = None,
    ) -> SearchResult: ...
    docs: list[QueryResultDocumentInfo]
    query: str
    index_name: str | None
    time_taken_ms: int | None

@final
class MutationResult:
    def __new__(cls, job_id: str, index_name: str, doc_count: int) -> MutationResult: ...
    @property
    def job_id(self) -> str: ...
    @property
    def index_name(self) -> str: ...
    @property
    def doc_count(self) -> int: ...

@final
class PushIndexResult:
    def __new__(
        cls,
        job_id: str,
        index_name: str,
        doc_count: int,
        status: str,
        version: str = "",
        conflicts: Sequence[str] | None = None,
    ) -> PushIndexResult: ...
    @property
    def job_id(self) -> str: ...
    @property
    def index_name(self) -> str: ...
    @property
    def doc_count(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def conflicts(self) -> list[str]: ...

@final
class LoadIndexesResult:
    def __new__(cls, loaded: Sequence[str], failed: dict[str, str]) -> LoadIndexesResult: ...
    @property
    def loaded(self) -> list[str]: ...
    @property
    def failed(self) -> dict[str, str]: ...

# Options

@final
class ParentGrouping:
    def __new__(cls, parent_field: str, order_field: str) -> ParentGrouping: ...
    parent_field: str
    order_field: str

@final
class QueryOptions:
    def __new__(
        cls,
        embedding: Floats | None = None,
        top_k: int | None = None,
        alpha: float | None = None,
        filter: dict[str, Any] | None = None,
        group_by: ParentGrouping | None = None,
    ) -> QueryOptions: ...
    @property
    def embedding(self) -> list[float] | None: ...
    @embedding.setter
    def embedding(self, value: Floats | None) -> None: ...
    top_k: int | None
    alpha: float | None
    filter: dict[str, Any] | None
    group_by: ParentGrouping | None

@final
class GetDocumentsOptions:
    def __new__(
        cls,
        doc_ids: Sequence[str] | None = None,
        filter: dict[str, Any] | None = None,
        sort_by: str | None = None,
        ascending: bool = True,
        group_by: ParentGrouping | None = None,
    ) -> GetDocumentsOptions: ...
    doc_ids: list[str] | None
    filter: dict[str, Any] | None
    sort_by: str | None
    ascending: bool
    group_by: ParentGrouping | None

@final
class MutationOptions:
    def __new__(cls, upsert: bool | None = None) -> MutationOptions: ...
    upsert: bool | None

@final
class ParseFileInput:
    def __new__(
        cls, name: str, content_type: str, path: str | None = None, data: bytes | None = None
    ) -> ParseFileInput: ...
    name: str
    content_type: str
    path: str | None
    data: bytes | None

# Indexes and jobs

@final
class ModelRef:
    def __new__(cls, id: str, version: str) -> ModelRef: ...
    id: str
    version: str

@final
class IndexInfo:
    def __new__(
        cls,
        id: str,
        name: str,
        version: str,
        status: str,
        doc_count: int,
        created_at: str,
        updated_at: str,
        model: ModelRef,
    ) -> IndexInfo: ...
    id: str
    name: str
    version: str
    status: str
    doc_count: int
    created_at: str
    updated_at: str
    model: ModelRef

@final
class IndexStatus:
    NotStarted: ClassVar[str]
    Building: ClassVar[str]
    Ready: ClassVar[str]
    Failed: ClassVar[str]
    def __new__(cls, value: str) -> IndexStatus: ...
    value: str

IndexStatusValues: Final[dict[str, str]]

@final
class JobStatus:
    PENDING_UPLOAD: ClassVar[str]
    UPLOADING: ClassVar[str]
    BUILDING: ClassVar[str]
    COMPLETED: ClassVar[str]
    FAILED: ClassVar[str]
    def __new__(cls, value: str) -> JobStatus: ...
    @property
    def value(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class JobPhase:
    DOWNLOADING: ClassVar[str]
    DESERIALIZING: ClassVar[str]
    GENERATING_EMBEDDINGS: ClassVar[str]
    BUILDING_INDEX: ClassVar[str]
    UPLOADING: ClassVar[str]
    CLEANUP: ClassVar[str]
    def __new__(cls, value: str) -> JobPhase: ...
    @property
    def value(self) -> str: ...

@final
class JobProgress:
    def __new__(
        cls, job_id: str, status: JobStatus, progress: float, current_phase: JobPhase | None = None
    ) -> JobProgress: ...
    @property
    def job_id(self) -> str: ...
    @property
    def status(self) -> JobStatus: ...
    @property
    def progress(self) -> float: ...
    @property
    def current_phase(self) -> JobPhase | None: ...

@final
class JobStatusResponse:
    def __new__(
        cls,
        job_id: str,
        status: JobStatus,
        progress: float,
        current_phase: JobPhase | None,
        error: str | None,
        created_at: str,
        updated_at: str,
        completed_at: str | None = None,
    ) -> JobStatusResponse: ...
    @property
    def job_id(self) -> str: ...
    @property
    def status(self) -> JobStatus: ...
    @property
    def progress(self) -> float: ...
    @property
    def current_phase(self) -> JobPhase | None: ...
    @property
    def error(self) -> str | None: ...
    @property
    def created_at(self) -> str: ...
    @property
    def updated_at(self) -> str: ...
    @property
    def completed_at(self) -> str | None: ...

# Clients

@final
class ManageClient:
    def __new__(
        cls,
        project_id: str,
        project_key: str,
        manage_url: str | None = None,
        client_id: str | None = None,
    ) -> ManageClient: ...
    def create_index(
        self, name: str, docs: Sequence[DocumentInfo | DocumentDict], model_id: str | None = None
    ) -> MutationResult: ...
    def create_index_from_files(
        self, name: str, files: Sequence[ParseFileInput], model_id: str | None = None
    ) -> MutationResult: ...
    def add_docs(
        self,
        name: str,
        docs: Sequence[DocumentInfo | DocumentDict],
        options: MutationOptions | None = None,
    ) -> MutationResult: ...
    def delete_docs(self, name: str, doc_ids: Sequence[str]) -> MutationResult: ...
    def get_docs(
        self, name: str, options: GetDocumentsOptions | None = None
    ) -> list[DocumentInfo]: ...
    def get_index(self, name: str) -> IndexInfo: ...
    def list_indexes(self) -> list[IndexInfo]: ...
    def delete_index(self, name: str) -> bool: ...
    def get_job_status(self, job_id: str) -> JobStatusResponse: ...

@final
class IndexManager:
    def __new__(
        cls,
        project_id: str,
        project_key: str,
        manage_url: str | None = None,
        client_id: str | None = None,
    ) -> IndexManager: ...
    def has_index(self, name: str) -> bool: ...
    def load_index(
        self,
        name: str,
        auto_refresh: bool = False,
        polling_interval_in_seconds: int | None = None,
    ) -> str: ...
    def load_query_model(self, name: str) -> None: ...
    def load_indexes(self, names: Sequence[str]) -> LoadIndexesResult: ...
    def unload_index(self, name: str) -> None: ...
    def query_text(
        self,
        name: str,
        query: str,
        top_k: int | None = None,
        alpha: float | None = None,
        filter: dict[str, Any] | None = None,
    ) -> SearchResult: ...
    def query(
        self,
        name: str,
        query: str,
        embedding: Floats | None = None,
        top_k: int | None = None,
        alpha: float | None = None,
        filter: dict[str, Any] | None = None,
    ) -> SearchResult: ...
    def query_multi_index(
        self,
        names: Sequence[str],
        query: str,
        embedding: Floats | None = None,
        top_k: int | None = None,
        filter: dict[str, Any] | None = None,
    ) -> SearchResult: ...
    def cloud_query(
        self,
        name: str,
        query: str,
        embedding: Floats | None = None,
        top_k: int | None = None,
    ) -> SearchResult: ...
    def session(
        self, name: str, model_id: str | None = None, auto_load: bool = True
    ) -> Session: ...

@final
class Session:
    @property
    def name(self) -> str: ...
    @property
    def doc_count(self) -> int: ...
    @property
    def model_id(self) -> str: ...
    def add_docs(
        self,
        docs: Sequence[DocumentInfo | DocumentDict],
        options: MutationOptions | None = None,
    ) -> tuple[int, int]: ...
    def delete_docs(self, doc_ids: Sequence[str]) -> int: ...
    def warm(self) -> None: ...
    def get_docs(self, options: GetDocumentsOptions | None = None) -> list[DocumentInfo]: ...
    def query(self, query: str, options: QueryOptions | None = None) -> SearchResult: ...
    def query_if_quick(self, query: str, options: QueryOptions | None = None) -> SearchResult | None: ...
    def push_index(
        self, on_conflict: Literal["merge", "replace", "fail"] | None = None
    ) -> PushIndexResult: ...
    def load_index(self, index_name: str) -> int: ...
    def save_to_disk(self, path: str | os.PathLike[str]) -> None: ...
    def load_from_disk(self, path: str | os.PathLike[str]) -> int: ...

# Errors: one class per kind of the contract, below MossError and the built-in exception that callers catch

class MossError(Exception):
    kind: ClassVar[str]

class InvalidArgumentError(MossError, ValueError): ...
class InvalidFilterError(MossError, ValueError): ...
class UnknownModelError(MossError, ValueError): ...
class MixedEmbeddingsError(MossError, ValueError): ...
class EmbeddingMissingError(MossError, ValueError): ...
class EmbeddingRequiredError(MossError, ValueError): ...
class DimensionMismatchError(MossError, ValueError): ...
class ModelMismatchError(MossError, ValueError): ...
class InvalidTypeError(MossError, TypeError): ...
class InvalidFilterTypeError(MossError, TypeError): ...
class ClosedError(MossError, RuntimeError): ...
class UnauthorizedError(MossError, RuntimeError): ...
class NetworkError(MossError, RuntimeError): ...
class IndexNotFoundError(MossError, RuntimeError): ...
class JobNotFoundError(MossError, RuntimeError): ...
class UploadMissingError(MossError, RuntimeError): ...
class ModelUnavailableError(MossError, RuntimeError): ...
class InternalError(MossError, RuntimeError): ...
class IndexExistsError(MossError, RuntimeError): ...
class ConflictError(MossError, RuntimeError): ...
class IndexNotLoadedError(MossError, RuntimeError): ...
class JobFailedError(MossError, RuntimeError): ...
class JobTimeoutError(MossError, RuntimeError): ...
class CloudError(MossError, RuntimeError): ...
class TooLargeError(MossError, RuntimeError): ...
class RateLimitedError(MossError, RuntimeError): ...
class CacheCorruptError(MossError, RuntimeError): ...
class IoError(MossError, RuntimeError): ...

ERRORS_BY_KIND: Final[dict[str, type[MossError]]]
