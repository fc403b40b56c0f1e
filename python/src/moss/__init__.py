"""Real-time semantic search inside the application.

A session is a local index that is read and written in memory and pushed under a name; whoever opens the name next
goes on where the last push ended::

    import asyncio
    from moss import DocumentInfo, MossClient

    async def main() -> None:
        client = MossClient("project-id", "project-key")
        session = await client.session("conv-123")
        await session.add_docs([DocumentInfo(id="turn-1", text="I would like my money back")])
        for doc in (await session.query("refund")).docs:
            print(doc.id, doc.score, doc.text)
        await session.push_index()

    asyncio.run(main())
"""

from moss_core import (
    CacheCorruptError,
    ClosedError,
    CloudError,
    ConflictError,
    DimensionMismatchError,
    DocumentInfo,
    EmbeddingMissingError,
    EmbeddingRequiredError,
    GetDocumentsOptions,
    IndexExistsError,
    IndexInfo,
    IndexNotFoundError,
    IndexNotLoadedError,
    IndexStatus,
    IndexStatusValues,
    InternalError,
    InvalidArgumentError,
    InvalidFilterError,
    InvalidFilterTypeError,
    InvalidTypeError,
    IoError,
    JobFailedError,
    JobNotFoundError,
    JobPhase,
    JobProgress,
    JobStatus,
    JobStatusResponse,
    JobTimeoutError,
    LoadIndexesResult,
    MixedEmbeddingsError,
    ModelMismatchError,
    ModelRef,
    ModelUnavailableError,
    MossError,
    MutationOptions,
    MutationResult,
    NetworkError,
    ParentGrouping,
    ParseFileInput,
    PushIndexResult,
    QueryOptions,
    QueryResultDocumentInfo,
    RateLimitedError,
    SearchResult,
    TooLargeError,
    UnauthorizedError,
    UnknownModelError,
    UploadMissingError,
    __version__,
)

from .client.moss_client import MossClient
from .client.session_index import SessionIndex

__all__ = [
    "CacheCorruptError",
    "ClosedError",
    "CloudError",
    "ConflictError",
    "DimensionMismatchError",
    "DocumentInfo",
    "EmbeddingMissingError",
    "EmbeddingRequiredError",
    "GetDocumentsOptions",
    "IndexExistsError",
    "IndexInfo",
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
    "MixedEmbeddingsError",
    "ModelMismatchError",
    "ModelRef",
    "ModelUnavailableError",
    "MossClient",
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
    "SessionIndex",
    "TooLargeError",
    "UnauthorizedError",
    "UnknownModelError",
    "UploadMissingError",
    "__version__",
]
