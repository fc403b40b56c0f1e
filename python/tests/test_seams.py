"""What unit tests written against the public package patch and read: section 6 of the Python contract."""

from __future__ import annotations

import logging
import threading
import uuid
from types import SimpleNamespace
from typing import Any, Iterator
from unittest.mock import AsyncMock, MagicMock, patch

import pytest

from moss import DocumentInfo, MossClient, MutationOptions, QueryOptions, SearchResult
from moss.client import moss_client
from support import KEY, PROJECT, raises


@pytest.fixture
def native() -> Iterator[tuple[MagicMock, MagicMock]]:
    """The two native classes, patched where the client module imports them by name."""
    with (
        patch("moss.client.moss_client.ManageClient") as manage,
        patch("moss.client.moss_client.IndexManager") as manager,
    ):
        yield manage, manager


@pytest.fixture
def mocked(native: tuple[MagicMock, MagicMock]) -> MossClient:
    return MossClient(PROJECT, KEY)


def test_native_classes_get_the_credentials_by_position(
    native: tuple[MagicMock, MagicMock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", "https://cloud.example/v1/manage")
    client = MossClient(project_id=PROJECT, project_key=KEY)
    for cls in native:
        cls.assert_called_once_with(
            PROJECT, KEY, "https://cloud.example/v1/manage", client._client_id
        )
    assert (client._project_id, client._project_key) == (PROJECT, KEY)
    assert str(uuid.UUID(client._client_id)) == client._client_id
    assert MossClient(PROJECT, KEY)._client_id != client._client_id


@pytest.mark.parametrize("credentials", [(), ("p",), ("", "k"), ("p", ""), (None, None)])
def test_missing_credentials_name_the_environment_variables(credentials: Any) -> None:
    with raises("InvalidArgument", ValueError, "MOSS_PROJECT_ID", "MOSS_PROJECT_KEY"):
        MossClient(*credentials)


def test_urls_are_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOSS_CLOUD_API_MANAGE_URL", raising=False)
    assert moss_client._get_manage_url() == "embedded:///v1/manage"
    monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", "https://cloud.example/v1/manage")
    assert moss_client._get_manage_url() == "https://cloud.example/v1/manage"
    assert moss_client._get_query_url() == "https://cloud.example/query"
    monkeypatch.setenv("MOSS_CLOUD_QUERY_URL", "https://query.example/q")
    assert moss_client._get_query_url() == "https://query.example/q"


async def test_management_calls_pass_through(mocked: MossClient) -> None:
    manage: Any = mocked._manage
    docs: list[Any] = [DocumentInfo("a", "t"), {"id": "b", "text": "t"}]
    options = MutationOptions(upsert=False)
    calls: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("create_index", mocked.create_index("i", docs), ("i", docs, "moss-minilm")),
        ("create_index", mocked.create_index("i", docs, "m"), ("i", docs, "m")),
        ("create_index_from_files", mocked.create_index_from_files("i", []), ("i", [], None)),
        ("add_docs", mocked.add_docs("i", docs), ("i", docs, None)),
        ("add_docs", mocked.add_docs("i", docs, options), ("i", docs, options)),
        ("delete_docs", mocked.delete_docs("i", ["a"]), ("i", ["a"])),
        ("get_docs", mocked.get_docs("i"), ("i", None)),
        ("get_index", mocked.get_index("i"), ("i",)),
        ("list_indexes", mocked.list_indexes(), ()),
        ("delete_index", mocked.delete_index("i"), ("i",)),
        ("get_job_status", mocked.get_job_status("j"), ("j",)),
    ]
    for name, call, arguments in calls:
        native_call = getattr(manage, name)
        assert await call is native_call.return_value
        native_call.assert_called_with(*arguments)
    # The caller's own list, not a copy of it.
    assert manage.add_docs.call_args.args[1] is docs
    assert manage.create_index.call_args.args[1] is docs


def test_the_model_follows_the_documents(mocked: MossClient) -> None:
    resolve = mocked._resolve_model_id
    plain, vector = DocumentInfo("a", "t"), DocumentInfo("b", "t", embedding=[1.0])
    assert resolve([plain], None) == "moss-minilm"
    assert resolve([plain, vector], None) == "custom"
    assert resolve([{"id": "a", "text": "t"}], None) == "moss-minilm"
    assert resolve([{"id": "a", "text": "t", "embedding": [1.0]}], None) == "custom"
    assert resolve([SimpleNamespace(embedding=[1.0])], None) == "custom"
    assert resolve([DocumentInfo("a", "t", embedding=[])], None) == "moss-minilm"
    assert resolve([vector], "moss-mediumlm") == "moss-mediumlm"
    assert resolve([], None) == "moss-minilm"


async def test_load_loads_the_query_model_too(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    assert await mocked.load_index("i") == "i"
    manager.load_index.assert_called_once_with("i", False, 600)
    manager.load_query_model.assert_called_once_with("i")
    assert await mocked.load_index("i", auto_refresh=True, polling_interval_in_seconds=5) == "i"
    manager.load_index.assert_called_with("i", True, 5)
    assert manager.load_query_model.call_count == 2


async def test_failures_to_load_and_unload_are_runtime_errors(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    manager.load_index.side_effect = Exception("no such thing")
    with pytest.raises(RuntimeError, match="Failed to load index 'i': no such thing"):
        await mocked.load_index("i")
    manager.load_index.side_effect = None
    manager.load_query_model.side_effect = ValueError("no model")
    with pytest.raises(RuntimeError, match="Failed to load index 'i': no model"):
        await mocked.load_index("i")
    manager.unload_index.side_effect = Exception("not loaded")
    with pytest.raises(RuntimeError, match="Failed to unload index 'i': not loaded"):
        await mocked.unload_index("i")


async def test_a_loaded_index_is_asked_in_words(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    manager.has_index.return_value = True
    assert await mocked.query("i", "q") is manager.query_text.return_value
    manager.query_text.assert_called_with("i", "q", 5, 0.8, None)
    filter = {"field": "city", "condition": {"$eq": "NYC"}}
    await mocked.query("i", "q", QueryOptions(top_k=3, alpha=0.5, filter=filter))
    manager.query_text.assert_called_with("i", "q", 3, 0.5, filter)
    await mocked.query("i", "q", QueryOptions(top_k=0, alpha=0.0))
    manager.query_text.assert_called_with("i", "q", 0, 0.0, None)
    await mocked.query("i", "q", QueryOptions(embedding=[]))
    manager.query_text.assert_called_with("i", "q", 5, 0.8, None)
    manager.query.assert_not_called()
    manager.cloud_query.assert_not_called()


async def test_a_loaded_index_is_asked_by_vector(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    manager.has_index.return_value = True
    asked: Any = SimpleNamespace(embedding=(1.0, 0.0), top_k=2)
    assert await mocked.query("i", "q", asked) is manager.query.return_value
    manager.query.assert_called_once_with("i", "q", [1.0, 0.0], 2, 0.8, None)
    manager.query_text.assert_not_called()
    asked = SimpleNamespace(embedding=7)
    with raises("InvalidType", TypeError, "embedding must be a sequence of floats, not int"):
        await mocked.query("i", "q", asked)


async def test_options_are_any_object_with_these_attributes(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    manager.has_index.return_value = True
    await mocked.query("i", "q", SimpleNamespace(top_k=7))  # type: ignore[arg-type]
    manager.query_text.assert_called_with("i", "q", 7, 0.8, None)


async def test_an_index_of_custom_vectors_says_what_it_needs(mocked: MossClient) -> None:
    manager: Any = mocked._manager
    manager.has_index.return_value = True
    manager.query_text.side_effect = RuntimeError("index 'i' requires explicit query embeddings")
    with raises("EmbeddingRequired", ValueError, "This index uses custom embeddings. "):
        await mocked.query("i", "q")
    manager.query_text.side_effect = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="^something else$"):
        await mocked.query("i", "q")


def test_results_from_dicts() -> None:
    full = {
        "docs": [{"id": "a", "text": "t", "metadata": {"k": "v"}, "score": "0.5", "payload": "p"}],
        "query": "q",
        "indexName": "i",
        "timeTakenMs": 7,
    }
    result = MossClient._dict_to_search_result(full)
    assert isinstance(result, SearchResult)
    (doc,) = result.docs
    assert (doc.id, doc.text, doc.metadata, doc.score, doc.payload) == ("a", "t", {"k": "v"}, 0.5, "p")
    assert (result.query, result.index_name, result.time_taken_ms) == ("q", "i", 7)
    bare = MossClient._dict_to_search_result({"docs": [{}]})
    (doc,) = bare.docs
    assert (doc.id, doc.text, doc.metadata, doc.score) == ("", "", None, 0.0)
    assert (bare.query, bare.index_name, bare.time_taken_ms) == ("", None, None)
    assert MossClient._dict_to_search_result({}).docs == []


# The cloud query path


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, mocked: MossClient) -> Iterator[MagicMock]:
    """A service behind httpx, patched as an attribute of the client module; nothing is loaded."""
    monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", "https://cloud.example/v1/manage")
    manager: Any = mocked._manager
    manager.has_index.return_value = False
    with patch("moss.client.moss_client.httpx") as http:
        http.AsyncClient.return_value.__aenter__.return_value.post = AsyncMock(
            return_value=answer(200, {"docs": [{"id": "a", "score": 0.9}], "query": "q"})
        )
        yield http


def answer(status: int, body: Any) -> MagicMock:
    response = MagicMock(is_success=200 <= status < 300, status_code=status)
    response.json.return_value = body
    return response


def post_of(service: MagicMock) -> Any:
    return service.AsyncClient.return_value.__aenter__.return_value.post


async def test_an_index_that_is_not_loaded_is_asked_in_the_cloud(
    mocked: MossClient, service: MagicMock
) -> None:
    result = await mocked.query("i", "q")
    assert [doc.id for doc in result.docs] == ["a"]
    service.AsyncClient.assert_called_once_with(timeout=60.0)
    post = post_of(service)
    assert post.call_args.args == ("https://cloud.example/query",)
    assert post.call_args.kwargs["json"] == {
        "query": "q",
        "indexName": "i",
        "projectId": PROJECT,
        "projectKey": KEY,
        "topK": 10,
    }
    assert "headers" in post.call_args.kwargs
    for top_k, sent in [(3, 3), (0, 10), (None, 10)]:
        await mocked.query("i", "q", QueryOptions(top_k=top_k, embedding=[1.0, 0.5]))
        assert post.call_args.kwargs["json"]["topK"] == sent
        assert post.call_args.kwargs["json"]["queryEmbedding"] == [1.0, 0.5]
    manager: Any = mocked._manager
    manager.cloud_query.assert_not_called()


async def test_the_cloud_ignores_a_filter_and_says_so(
    mocked: MossClient, service: MagicMock, caplog: pytest.LogCaptureFixture
) -> None:
    filter = {"field": "city", "condition": {"$eq": "NYC"}}
    with caplog.at_level(logging.WARNING):
        await mocked.query("my-index", "q", QueryOptions(filter=filter))
    (record,) = caplog.records
    assert "Metadata filter ignored" in record.getMessage()
    assert "my-index" in record.getMessage()
    assert "filter" not in post_of(service).call_args.kwargs["json"]
    caplog.clear()
    await mocked.query("my-index", "q")
    assert not caplog.records


async def test_cloud_errors(mocked: MossClient, service: MagicMock) -> None:
    post = post_of(service)
    post.return_value = answer(500, None)
    with raises("Cloud", RuntimeError, "HTTP error! status: 500"):
        await mocked.query("i", "q")
    post.return_value = answer(404, {"error": "index 'i' not found", "code": "IndexNotFound"})
    with raises("IndexNotFound", RuntimeError, "HTTP error! status: 404", "index 'i' not found"):
        await mocked.query("i", "q")
    post.return_value = answer(400, {"error": "bad", "code": "InvalidArgument"})
    with raises("InvalidArgument", ValueError, "HTTP error! status: 400"):
        await mocked.query("i", "q")
    post.return_value = answer(200, ["no result"])
    with raises("Cloud", RuntimeError, "no result"):
        await mocked.query("i", "q")
    post.side_effect = OSError("connection refused")
    with raises("Network", RuntimeError, "Cloud query request failed: connection refused"):
        await mocked.query("i", "q")


@pytest.mark.parametrize(
    "status, kind",
    [(401, "Unauthorized"), (403, "Unauthorized"), (413, "TooLarge"), (429, "RateLimited"), (503, "Network")],
)
async def test_a_status_without_a_code_says_what_it_is(
    mocked: MossClient, service: MagicMock, status: int, kind: str
) -> None:
    post_of(service).return_value = answer(status, None)
    post_of(service).return_value.json.side_effect = ValueError("no JSON")
    with raises(kind, RuntimeError, f"HTTP error! status: {status}"):
        await mocked.query("i", "q")
    post_of(service).return_value = answer(status, {"error": "bad", "code": "InvalidArgument"})
    with raises("InvalidArgument", ValueError, f"HTTP error! status: {status}: bad"):
        await mocked.query("i", "q")


async def test_certificates_are_not_read_on_the_loop(mocked: MossClient, service: MagicMock) -> None:
    client: MagicMock = service.AsyncClient.return_value
    threads = set()

    def make(**_: object) -> MagicMock:
        threads.add(threading.get_ident())
        return client

    service.AsyncClient.side_effect = make
    await mocked.query("i", "q")
    assert threads and threading.get_ident() not in threads


async def test_a_service_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real httpx, against a port that nobody listens on."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", f"http://127.0.0.1:{port}/v1/manage")
    with raises("Network", RuntimeError, "Cloud query request failed: "):
        await MossClient(PROJECT, KEY).query("i", "q")


async def test_the_embedded_cloud_is_asked_natively(
    mocked: MossClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOSS_CLOUD_API_MANAGE_URL", raising=False)
    manager: Any = mocked._manager
    manager.has_index.return_value = False
    with patch("moss.client.moss_client.httpx") as http:
        assert await mocked.query("i", "q") is manager.cloud_query.return_value
        http.AsyncClient.assert_not_called()
    manager.cloud_query.assert_called_with("i", "q", None, 10)
    await mocked.query("i", "q", QueryOptions(embedding=[1.0], top_k=3))
    manager.cloud_query.assert_called_with("i", "q", [1.0], 3)


async def test_group_by_is_refused_outside_sessions(mocked: MossClient) -> None:
    from moss import ParentGrouping

    with raises("InvalidArgument", ValueError, "group_by", "sessions"):
        await mocked.query("i", "q", QueryOptions(group_by=ParentGrouping("p", "o")))
    with raises("InvalidArgument", ValueError, "group_by", "sessions"):
        await mocked.query_multi_index(["i"], "q", QueryOptions(group_by=ParentGrouping("p", "o")))
