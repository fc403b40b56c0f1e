"""Sessions: opening, adding, deleting, getting. Sections 1 to 4 of the semantics."""

from __future__ import annotations

from typing import Any

import pytest

from moss import DocumentInfo, GetDocumentsOptions, MossClient, MutationOptions, SessionIndex
from support import KEY, PROJECT, custom, custom_session, found, ids, raises

# 1. Opening


async def test_a_new_name_is_an_empty_session(client: MossClient) -> None:
    session = await client.session(index_name="fresh")
    assert isinstance(session, SessionIndex)
    assert (session.name, session.doc_count, session.model_id) == ("fresh", 0, "moss-minilm")
    assert "fresh" in repr(session)


async def test_a_new_name_takes_the_model_asked_for(client: MossClient) -> None:
    session = await client.session("fresh", model_id="custom")
    assert session.model_id == "custom"


async def test_an_unknown_model_is_refused(client: MossClient) -> None:
    with raises("UnknownModel", ValueError, "no-such-model"):
        await client.session("fresh", model_id="no-such-model")


async def test_a_stored_session_is_resumed_with_its_model(client: MossClient) -> None:
    session = await custom_session(client, custom("a", text="hello", payload="p"), name="stored")
    await session.push_index()
    for model_id in (None, "custom"):
        resumed = await client.session("stored", model_id)
        assert (resumed.doc_count, resumed.model_id) == (1, "custom")
        (doc,) = await resumed.get_docs()
        assert (doc.id, doc.text, doc.payload, doc.embedding) == ("a", "hello", "p", [1.0, 0.0])
    await resumed.add_docs([custom("b")])
    assert await ids(resumed) == ["a", "b"]


async def test_another_model_than_the_stored_one_is_refused(client: MossClient) -> None:
    session = await custom_session(client, custom("a"), name="stored")
    await session.push_index()
    with raises("ModelMismatch", ValueError, "custom", "moss-minilm", "model_id"):
        await client.session("stored", model_id="moss-minilm")


async def test_credentials_are_checked_at_open(client: MossClient) -> None:
    await client.session("first")
    wrong = MossClient(PROJECT, "another-key")
    with raises("Unauthorized", RuntimeError):
        await wrong.session("first")


async def test_an_error_never_shows_a_key(client: MossClient) -> None:
    await client.session("first")
    with pytest.raises(RuntimeError) as caught:
        await MossClient(PROJECT, "a-very-secret-key").session("first")
    assert "a-very-secret-key" not in str(caught.value) and KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a\nb", "a\0b", "é" * 129])
async def test_bad_names(client: MossClient, name: str) -> None:
    with raises("InvalidArgument", ValueError, "name"):
        await client.session(name)


async def test_a_name_is_text(client: MossClient) -> None:
    with raises("InvalidType", TypeError, "index_name", "int"):
        await client.session(7)  # type: ignore[arg-type]


async def test_odd_names_are_just_names(client: MossClient) -> None:
    for name in ("../up", "a/b", "Ticket #7 🎫", ".", "CON", "é" * 128, "ticket #7 🎫"):
        await (await custom_session(client, custom(name[:3]), name=name)).push_index()
    for name in ("../up", "a/b", "Ticket #7 🎫", ".", "CON", "é" * 128, "ticket #7 🎫"):
        assert await ids(await client.session(name)) == [name[:3]]


async def test_projects_do_not_see_each_other(client: MossClient) -> None:
    await (await custom_session(client, custom("a"), name="shared")).push_index()
    other = MossClient("other-project", KEY)
    assert (await other.session("shared")).doc_count == 0


async def test_two_sessions_of_one_name_are_apart(client: MossClient) -> None:
    one = await custom_session(client, custom("a"))
    two = await custom_session(client)
    assert (one.doc_count, two.doc_count) == (1, 0)


# 2. Adding


async def test_added_and_updated(client: MossClient) -> None:
    session = await custom_session(client)
    assert await session.add_docs([custom("a"), custom("b")]) == (2, 0)
    assert await session.add_docs([custom("b"), custom("c")]) == (1, 1)
    assert session.doc_count == 3
    assert await session.add_docs([]) == (0, 0)


async def test_an_update_replaces_the_whole_document(client: MossClient) -> None:
    old = custom("a", text="old", metadata={"k": "v"}, payload="p")
    session = await custom_session(client, old)
    await session.add_docs([custom("a", [0.0, 1.0], "new")])
    (doc,) = await session.get_docs()
    assert (doc.text, doc.metadata, doc.payload) == ("new", None, None)
    assert doc.embedding == [0.0, 1.0]


@pytest.mark.parametrize(
    "upsert, outcome, text", [(None, (1, 1), "new"), (True, (1, 1), "new"), (False, (1, 0), "old")]
)
async def test_upsert(client: MossClient, upsert: Any, outcome: Any, text: str) -> None:
    session = await custom_session(client, custom("a", text="old"))
    batch = [custom("a", text="new"), custom("b")]
    assert await session.add_docs(batch, MutationOptions(upsert)) == outcome
    assert (await session.get_docs())[0].text == text


async def test_an_id_twice_in_a_batch(client: MossClient) -> None:
    session = await custom_session(client)
    assert await session.add_docs([custom("a", text="1"), custom("a", text="2")]) == (1, 1)
    assert [doc.text for doc in await session.get_docs()] == ["2"]


async def test_documents_may_be_dicts(client: MossClient) -> None:
    session = await custom_session(client)
    full = {
        "id": "a",
        "text": "t",
        "metadata": {"k": "v"},
        "embedding": (1.0, 0.0),
        "payload": "p",
    }
    added = await session.add_docs([full, {"id": "b", "text": "", "embedding": [0.0, 1.0]}])  # type: ignore[list-item]
    assert added == (2, 0)
    doc = (await session.get_docs())[0]
    assert (doc.id, doc.text, doc.metadata, doc.payload) == ("a", "t", {"k": "v"}, "p")


@pytest.mark.parametrize(
    "document, kind, builtin, part",
    [
        ({"id": "x", "text": "t", "colour": "red"}, "InvalidArgument", ValueError, "colour"),
        ({"text": "t"}, "InvalidArgument", ValueError, "id"),
        ({"id": "x"}, "InvalidArgument", ValueError, "text"),
        ({"id": 7, "text": "t"}, "InvalidType", TypeError, "docs[1].id"),
        ({"id": "x", "text": None}, "InvalidType", TypeError, "docs[1].text"),
        ({"id": "x", "text": "t", "metadata": {"n": 1}}, "InvalidType", TypeError, '["n"]'),
        ({"id": "x", "text": "t", "embedding": "no"}, "InvalidType", TypeError, "embedding"),
        ({"id": "x", "text": "t", "payload": b"no"}, "InvalidType", TypeError, "payload"),
        ("x", "InvalidType", TypeError, "docs[1]"),
        (None, "InvalidType", TypeError, "docs[1]"),
        ({"id": "", "text": "t", "embedding": [1.0, 0.0]}, "InvalidArgument", ValueError, "id"),
        (
            {"id": "x", "text": "t", "embedding": [float("nan"), 0.0]},
            "InvalidArgument",
            ValueError,
            "x",
        ),
        (
            {"id": "x", "text": "t", "embedding": [float("inf"), 0.0]},
            "InvalidArgument",
            ValueError,
            "x",
        ),
        (
            {"id": "x", "text": "t", "embedding": [1e300, 0.0]},
            "InvalidArgument",
            ValueError,
            "x",
        ),
        (
            {"id": "x", "text": "t" * (1 << 20) + "t", "embedding": [1.0, 0.0]},
            "TooLarge",
            RuntimeError,
            "x",
        ),
    ],
)
async def test_one_bad_document_spoils_the_batch(
    client: MossClient, document: Any, kind: str, builtin: type[Exception], part: str
) -> None:
    session = await custom_session(client, custom("kept"))
    with raises(kind, builtin, part):
        await session.add_docs([custom("good"), document, custom("kept", text="changed")])
    assert [(doc.id, doc.text) for doc in await session.get_docs()] == [("kept", "")]


@pytest.mark.parametrize("docs", ["ab", None, 7, {"id": "a"}, DocumentInfo("a", "t")])
async def test_documents_come_in_a_list(client: MossClient, docs: Any) -> None:
    session = await custom_session(client)
    with raises("InvalidType", TypeError, "docs"):
        await session.add_docs(docs)


async def test_metadata_written_into_the_dict_counts(client: MossClient) -> None:
    session = await custom_session(client)
    doc = custom("a", metadata={"k": "v"})
    assert doc.metadata is not None
    doc.metadata["k2"] = "v2"
    await session.add_docs([doc])
    assert (await session.get_docs())[0].metadata == {"k": "v", "k2": "v2"}
    doc.metadata["k2"] = 2  # type: ignore[assignment]
    with raises("InvalidType", TypeError, 'docs[0].metadata["k2"]', "int"):
        await session.add_docs([doc])


async def test_a_document_is_copied_when_it_is_added(client: MossClient) -> None:
    doc = custom("a", text="before")
    session = await custom_session(client, doc)
    doc.text = "after"
    assert (await session.get_docs())[0].text == "before"


async def test_texts_are_embedded(client: MossClient) -> None:
    session = await client.session("words")
    await session.add_docs([DocumentInfo("a", "the cat sleeps"), DocumentInfo("empty", "")])
    assert await ids(session) == ["a", "empty"]
    assert [doc.embedding for doc in await session.get_docs()] == [None, None]
    result = await session.query("a sleeping kitten")
    assert result.docs[0].id == "a" and len(result.docs) == 2


async def test_a_given_vector_must_fit_the_model(client: MossClient) -> None:
    session = await client.session("words")
    with raises("DimensionMismatch", ValueError, "short"):
        await session.add_docs([custom("short")])
    assert await session.add_docs([custom("full", [1.0] + 383 * [0.0])]) == (1, 0)


# 3. Deleting


async def test_delete_counts_what_was_there(client: MossClient) -> None:
    session = await custom_session(client, custom("a"), custom("b"), custom("c"))
    assert await session.delete_docs(["a", "unknown", "a"]) == 1
    assert await session.delete_docs([]) == 0
    assert await session.delete_docs(["a"]) == 0
    assert await ids(session) == ["b", "c"] and await found(session) == ["b", "c"]
    assert session.doc_count == 2


@pytest.mark.parametrize("doc_ids", ["abc", None, 7, [7], {"a": 1}])
async def test_ids_come_in_a_list(client: MossClient, doc_ids: Any) -> None:
    session = await custom_session(client)
    with raises("InvalidType", TypeError, "doc_ids"):
        await session.delete_docs(doc_ids)


# 4. Getting


async def test_get_all_by_id_and_by_list(client: MossClient) -> None:
    session = await custom_session(client, custom("b"), custom("a"), custom("ä"), custom("B"))
    assert await ids(session) == ["B", "a", "b", "ä"]
    assert await ids(session, GetDocumentsOptions()) == ["B", "a", "b", "ä"]
    some = GetDocumentsOptions(doc_ids=["b", "unknown", "a", "b"])
    assert await ids(session, some) == ["b", "a", "b"]
    assert await ids(session, GetDocumentsOptions(doc_ids=[])) == []


async def test_get_by_filter_and_order(client: MossClient) -> None:
    docs = [
        custom("ten", metadata={"n": "10", "kind": "x"}),
        custom("nine", metadata={"n": "9", "kind": "x"}),
        custom("none", metadata={"kind": "x"}),
        custom("other", metadata={"n": "9", "kind": "y"}),
        custom("bare"),
    ]
    session = await custom_session(client, *docs)
    x = {"field": "kind", "condition": {"$eq": "x"}}
    assert await ids(session, GetDocumentsOptions(filter=x)) == ["nine", "none", "ten"]
    by_n = GetDocumentsOptions(sort_by="n")
    assert await ids(session, by_n) == ["nine", "other", "ten", "bare", "none"]
    by_n.ascending = False
    assert (await ids(session, by_n))[0] == "ten"
    assert (await ids(session, by_n))[-2:] == ["bare", "none"]
    both = GetDocumentsOptions(doc_ids=["ten", "other", "nine"], filter=x, sort_by="n")
    assert await ids(session, both) == ["ten", "nine"]


async def test_metadata_none_and_empty_are_apart(client: MossClient) -> None:
    session = await custom_session(client, custom("none"), custom("some", metadata={}))
    assert [doc.metadata for doc in await session.get_docs()] == [None, {}]


async def test_text_is_kept_byte_for_byte(client: MossClient) -> None:
    odd = "a\0b\r\n\u2028 é e\u0301 \U0001f600 \ufeff"
    doc = custom(odd, text=odd, metadata={odd: odd}, payload=odd)
    session = await custom_session(client, doc)
    await session.push_index()
    (back,) = await (await client.session("s")).get_docs()
    assert (back.id, back.text, back.metadata, back.payload) == (odd, odd, {odd: odd}, odd)


# Private names that a published example uses


async def test_private_names(client: MossClient, tmp_path: Any) -> None:
    from moss.client import session_index

    assert session_index.SessionIndex is SessionIndex
    await (await custom_session(client, custom("stored"))).push_index()
    session = SessionIndex._create(
        name="s", model_id="custom", project_id=PROJECT, project_key=KEY
    )
    assert (session.doc_count, session._model_id, session._inner.model_id) == (0, "custom", "custom")
    await session._get_embedding_service()
    await session.add_docs([custom("mine")])
    session._inner.save_to_disk(str(tmp_path))
    # It knows nothing of what is stored, so that a push replaces it.
    await session.push_index()
    assert await ids(await client.session("s")) == ["mine"]
    again = SessionIndex._create(name="s", project_id=PROJECT, project_key=KEY)
    assert again._model_id == "moss-minilm"
    assert again._inner.load_from_disk(str(tmp_path)) == 1
    # Read past this object, and yet it knows what was read.
    assert again._model_id == again.model_id == "custom"
    assert await ids(again) == ["mine"]


async def test_the_embedding_service_of_a_built_in_model(client: MossClient) -> None:
    session = await client.session("words")
    await session._get_embedding_service()
    assert session._model_id == "moss-minilm"
