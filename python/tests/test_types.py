"""The data types: construction, attributes, repr, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import moss
from moss import (
    DocumentInfo,
    GetDocumentsOptions,
    IndexInfo,
    IndexStatus,
    IndexStatusValues,
    JobPhase,
    JobProgress,
    JobStatus,
    JobStatusResponse,
    LoadIndexesResult,
    ModelRef,
    MutationOptions,
    MutationResult,
    ParentGrouping,
    ParseFileInput,
    PushIndexResult,
    QueryOptions,
    QueryResultDocumentInfo,
    SearchResult,
)
from support import raises

MODEL = ModelRef("moss-minilm", "1")
PHASE = JobPhase(JobPhase.CLEANUP)
STATUS = JobStatus(JobStatus.BUILDING)
HIT = QueryResultDocumentInfo("a", "alpha")
GROUPING = ParentGrouping("parent", "order")

# Each type: its fields in the order of the contract with a value for each, and the defaults of those that have one.
RECORDS: list[tuple[type, dict[str, Any], dict[str, Any]]] = [
    (
        DocumentInfo,
        {"id": "a", "text": "t", "metadata": {"k": "v"}, "embedding": [1.0, 2.5], "payload": "p"},
        {"metadata": None, "embedding": None, "payload": None},
    ),
    (
        QueryResultDocumentInfo,
        {
            "id": "a",
            "text": "t",
            "metadata": {"k": "v"},
            "score": 0.5,
            "payload": "p",
            "index_name": "i",
        },
        {"metadata": None, "score": 0.0, "payload": None, "index_name": None},
    ),
    (
        SearchResult,
        {"docs": [HIT], "query": "q", "index_name": "i", "time_taken_ms": 3},
        {"index_name": None, "time_taken_ms": None},
    ),
    (
        QueryOptions,
        {
            "embedding": [1.0, 2.5],
            "top_k": 3,
            "alpha": 0.5,
            "filter": {"$and": []},
            "group_by": GROUPING,
        },
        {"embedding": None, "top_k": None, "alpha": None, "filter": None, "group_by": None},
    ),
    (
        GetDocumentsOptions,
        {
            "doc_ids": ["a"],
            "filter": {"$and": []},
            "sort_by": "n",
            "ascending": False,
            "group_by": GROUPING,
        },
        {"doc_ids": None, "filter": None, "sort_by": None, "ascending": True, "group_by": None},
    ),
    (MutationOptions, {"upsert": False}, {"upsert": None}),
    (ParentGrouping, {"parent_field": "p", "order_field": "o"}, {}),
    (
        ParseFileInput,
        {"name": "n", "content_type": "text/plain", "path": "/p", "data": b"d"},
        {"path": None, "data": None},
    ),
    (
        IndexInfo,
        {
            "id": "a",
            "name": "n",
            "version": "1",
            "status": "Ready",
            "doc_count": 2,
            "created_at": "c",
            "updated_at": "u",
            "model": MODEL,
        },
        {},
    ),
    (ModelRef, {"id": "moss-minilm", "version": "1"}, {}),
    (MutationResult, {"job_id": "j", "index_name": "i", "doc_count": 2}, {}),
    (
        PushIndexResult,
        {
            "job_id": "j",
            "index_name": "i",
            "doc_count": 2,
            "status": "completed",
            "version": "3",
            "conflicts": ["a"],
        },
        {"version": "", "conflicts": []},
    ),
    (LoadIndexesResult, {"loaded": ["a"], "failed": {"b": "why"}}, {}),
    (
        JobProgress,
        {"job_id": "j", "status": STATUS, "progress": 50.0, "current_phase": PHASE},
        {"current_phase": None},
    ),
    (
        JobStatusResponse,
        {
            "job_id": "j",
            "status": STATUS,
            "progress": 50.0,
            "current_phase": PHASE,
            "error": "e",
            "created_at": "c",
            "updated_at": "u",
            "completed_at": "d",
        },
        {"completed_at": None},
    ),
]
ONLY_READ = {
    MutationResult,
    PushIndexResult,
    LoadIndexesResult,
    JobProgress,
    JobStatusResponse,
}


@pytest.mark.parametrize("cls, fields, defaults", RECORDS, ids=lambda x: getattr(x, "__name__", ""))
def test_fields_by_position_and_by_keyword(cls: Any, fields: dict[str, Any], defaults: dict[str, Any]) -> None:
    for made in (cls(*fields.values()), cls(**fields)):
        assert {name: getattr(made, name) for name in fields} == fields
    required = {name: value for name, value in fields.items() if name not in defaults}
    made = cls(**required)
    assert {name: getattr(made, name) for name in defaults} == defaults


@pytest.mark.parametrize("cls, fields, defaults", RECORDS, ids=lambda x: getattr(x, "__name__", ""))
def test_attributes_are_writable_where_the_contract_says(
    cls: Any, fields: dict[str, Any], defaults: dict[str, Any]
) -> None:
    made = cls(*fields.values())
    for name, value in fields.items():
        if cls in ONLY_READ:
            with pytest.raises(AttributeError):
                setattr(made, name, value)
        else:
            setattr(made, name, value)
            assert getattr(made, name) == value
            if name in defaults:
                setattr(made, name, defaults[name])
                assert getattr(made, name) == defaults[name]


@pytest.mark.parametrize("cls, fields, defaults", RECORDS, ids=lambda x: getattr(x, "__name__", ""))
def test_wrong_types_are_refused_by_the_name_of_the_field(
    cls: Any, fields: dict[str, Any], defaults: dict[str, Any]
) -> None:
    for name in fields:
        with raises("InvalidType", TypeError, f"{cls.__name__}.{name}", "object"):
            cls(**{**fields, name: object()})
        if cls not in ONLY_READ:
            made = cls(**fields)
            with raises("InvalidType", TypeError, f"{cls.__name__}.{name}", "object"):
                setattr(made, name, object())
            assert getattr(made, name) == fields[name]


@pytest.mark.parametrize("cls, fields, defaults", RECORDS, ids=lambda x: getattr(x, "__name__", ""))
def test_repr_names_every_field(cls: Any, fields: dict[str, Any], defaults: dict[str, Any]) -> None:
    shown = repr(cls(**fields))
    assert shown.startswith(f"{cls.__name__}(")
    assert all(f"{name}=" in shown for name in fields)


def test_repr_keeps_what_users_wrote_out_of_logs() -> None:
    secret = "my card number is 4111"
    made = [
        DocumentInfo("a", secret, {"note": secret}, payload=secret),
        QueryResultDocumentInfo("a", secret, {"note": secret}, payload=secret),
        SearchResult([QueryResultDocumentInfo("a", secret)], secret),
    ]
    for each in made:
        assert secret not in repr(each)
    assert repr(made[0]) == (
        "DocumentInfo(id='a', text=<22 characters>, metadata=<keys [\"note\"]>, embedding=None, "
        "payload=<22 characters>)"
    )


def test_missing_arguments_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        DocumentInfo("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        DocumentInfo("a", "t", colour="red")  # type: ignore[call-arg]


def test_there_is_no_equality() -> None:
    assert DocumentInfo("a", "t") != DocumentInfo("a", "t")
    assert JobPhase("cleanup") != JobPhase("cleanup")


@pytest.mark.parametrize("cls", [DocumentInfo, QueryResultDocumentInfo])
def test_metadata_is_one_dict_of_strings(cls: Any) -> None:
    given = {"speaker": "customer"}
    doc = cls("a", "t", metadata=given)
    assert doc.metadata == given
    doc.metadata["turn"] = "3"
    assert doc.metadata == {"speaker": "customer", "turn": "3"}
    assert given == {"speaker": "customer"}
    doc.metadata = {}
    assert doc.metadata == {}
    with raises("InvalidType", TypeError, f'{cls.__name__}.metadata["price"]', "str", "int"):
        cls("a", "t", metadata={"price": 12})
    with raises("InvalidType", TypeError, "key", "int"):
        cls("a", "t", metadata={12: "price"})
    with raises("InvalidType", TypeError, "NoneType"):
        cls("a", "t", metadata={"price": None})
    with raises("InvalidType", TypeError, "dict", "list"):
        cls("a", "t", metadata=[("a", "b")])


@pytest.mark.parametrize(
    "make",
    [
        lambda: QueryOptions(top_k=True),
        lambda: QueryOptions(top_k=3.0),  # type: ignore[arg-type]
        lambda: QueryOptions(top_k="3"),  # type: ignore[arg-type]
        lambda: QueryOptions(alpha=True),
        lambda: QueryOptions(alpha="0.5"),  # type: ignore[arg-type]
        lambda: QueryOptions(filter=[]),  # type: ignore[arg-type]
        lambda: MutationOptions(upsert=1),  # type: ignore[arg-type]
        lambda: GetDocumentsOptions(ascending=0),  # type: ignore[arg-type]
        lambda: GetDocumentsOptions(doc_ids="abc"),
        lambda: GetDocumentsOptions(doc_ids=["a", 7]),  # type: ignore[list-item]
        lambda: QueryOptions(group_by={"parent_field": "a"}),  # type: ignore[arg-type]
    ],
)
def test_numbers_flags_and_lists_are_not_guessed(make: Any) -> None:
    with raises("InvalidType", TypeError):
        make()


def test_numbers_of_other_libraries_are_numbers() -> None:
    options = QueryOptions(top_k=numpy.int64(3), alpha=numpy.float32(0.5))  # type: ignore[arg-type]
    assert (options.top_k, options.alpha) == (3, 0.5)
    assert QueryOptions(alpha=1).alpha == 1.0


def test_text_that_is_no_utf8_is_a_value_error() -> None:
    with raises("InvalidArgument", ValueError, "DocumentInfo.text", "surrogate"):
        DocumentInfo("a", "\ud800")


def test_lists_of_results_are_one_list() -> None:
    result = SearchResult([HIT], "q")
    result.docs.append(HIT)
    assert len(result.docs) == 2
    with raises("InvalidType", TypeError, "SearchResult.docs[0]", "QueryResultDocumentInfo", "str"):
        SearchResult(["a"], "q")  # type: ignore[list-item]


def test_score_is_single_precision() -> None:
    hit = QueryResultDocumentInfo("a", "t", score=0.1)
    assert hit.score == float(numpy.float32(0.1))
    assert "score=0.1," in repr(hit)


def test_job_status() -> None:
    constants = {
        "PENDING_UPLOAD": "pending_upload",
        "UPLOADING": "uploading",
        "BUILDING": "building",
        "COMPLETED": "completed",
        "FAILED": "failed",
    }
    for name, value in constants.items():
        constant = getattr(JobStatus, name)
        assert type(constant) is str
        status = JobStatus(constant)
        assert status.value == value == constant
        assert status == value and value == status and status == JobStatus(value)
        found: dict[Any, int] = {status: 1}
        assert hash(status) == hash(value) and found[value] == 1
    assert JobStatus("failed") != "completed" and JobStatus("failed") != JobStatus("completed")
    assert JobStatus("failed") != 7 and not JobStatus("failed") == None  # noqa: E711
    assert repr(JobStatus("failed")) == "JobStatus('failed')"
    with raises("InvalidArgument", ValueError, "JobStatus", "done"):
        JobStatus("done")
    with raises("InvalidType", TypeError, "JobStatus.value"):
        JobStatus(7)  # type: ignore[arg-type]


def test_job_phase() -> None:
    constants = {
        "DOWNLOADING": "downloading",
        "DESERIALIZING": "deserializing",
        "GENERATING_EMBEDDINGS": "generating_embeddings",
        "BUILDING_INDEX": "building_index",
        "UPLOADING": "uploading",
        "CLEANUP": "cleanup",
    }
    for name, value in constants.items():
        assert getattr(JobPhase, name) == value
        assert type(getattr(JobPhase, name)) is str
        assert JobPhase(value).value == value
    with raises("InvalidArgument", ValueError, "indexing"):
        JobPhase("indexing")


def test_index_status() -> None:
    names = ["NotStarted", "Building", "Ready", "Failed"]
    assert IndexStatusValues == {name: name for name in names}
    for name in names:
        assert getattr(IndexStatus, name) == name
        assert IndexStatus(name).value == name
    status = IndexStatus("Ready")
    status.value = IndexStatus.Failed
    assert status.value == "Failed"


def test_exports() -> None:
    import moss_core

    data_types = {cls.__name__ for cls, _, _ in RECORDS} | {"JobStatus", "JobPhase", "IndexStatus"}
    for name in data_types | {"IndexStatusValues", "MossError"}:
        assert getattr(moss, name) is getattr(moss_core, name)
    for name in ("MossClient", "SessionIndex", "__version__"):
        assert hasattr(moss, name)
    for name in ("ManageClient", "IndexManager", "CLOUD_API_MANAGE_URL"):
        assert hasattr(moss_core, name)
    assert moss_core.CLOUD_API_MANAGE_URL == "embedded:///v1/manage"
    assert moss.MossClient.DEFAULT_MODEL_ID == "moss-minilm"
    for name in ("RefreshResult", "SerializedIndex", "AddDocumentsOptions"):
        assert not hasattr(moss_core, name)
    namespace: dict[str, Any] = {}
    exec("from moss import *", namespace)
    assert data_types <= namespace.keys()
