"""Parent grouping and snapshots on disk: sections 10 and 11 of the semantics."""

from __future__ import annotations

import pathlib

from moss import GetDocumentsOptions, MossClient, ParentGrouping, QueryOptions
from support import custom, custom_session, ids, raises

GROUPING = ParentGrouping(parent_field="page", order_field="at")


def chunk(id: str, page: str, at: str, vector: list[float]) -> object:
    metadata = {"page": page, "at": at}
    return custom(id, vector, f"text {id}", metadata=metadata, payload=f"payload {id}")


PAGES = [
    chunk("p2", "p", "10", [1.0, 0.0]),
    chunk("p1", "p", "9", [0.0, 1.0]),
    chunk("q1", "q", "1", [0.5, 0.0]),
    custom("alone", [0.1, 0.0], "text alone"),
]


async def test_get_joins_siblings_in_order(client: MossClient) -> None:
    session = await custom_session(client, *PAGES)  # type: ignore[arg-type]
    docs = await session.get_docs(GetDocumentsOptions(group_by=GROUPING))
    by_id = {doc.id: doc for doc in docs}
    assert by_id.keys() == {"p1", "q1", "alone"}
    assert by_id["p1"].text == "text p1\ntext p2"
    assert by_id["p1"].payload == "payload p1"
    assert by_id["p1"].metadata == {"page": "p", "at": "9"}


async def test_query_returns_groups(client: MossClient) -> None:
    session = await custom_session(client, *PAGES)  # type: ignore[arg-type]
    options = QueryOptions([1.0, 0.0], top_k=2, alpha=1.0, group_by=GROUPING)
    result = await session.query("q", options)
    assert [doc.id for doc in result.docs] == ["p1", "q1"]
    assert result.docs[0].text == "text p1\ntext p2"
    assert [doc.score for doc in result.docs] == [1.0, 0.75]


async def test_save_and_load(client: MossClient, tmp_path: pathlib.Path) -> None:
    session = await custom_session(client, custom("a", text="hello"), custom("b"))
    await session.save_to_disk(tmp_path)
    assert (tmp_path / "s").is_dir()
    other = await custom_session(MossClient("other", "key"), custom("mine"))
    assert await other.load_from_disk(str(tmp_path)) == 2
    assert await ids(other) == ["a", "b"]


async def test_nothing_to_load(client: MossClient, tmp_path: pathlib.Path) -> None:
    session = await custom_session(client, custom("mine"))
    assert await session.load_from_disk(tmp_path / "nowhere") == 0
    assert await ids(session) == ["mine"]


async def test_an_empty_session_adopts_the_stored_model(
    client: MossClient, tmp_path: pathlib.Path
) -> None:
    await (await custom_session(client, custom("a"))).save_to_disk(tmp_path)
    session = await client.session("s")
    assert await session.load_from_disk(tmp_path) == 1
    assert session.model_id == "custom" == session._model_id
    named = await client.session("s", model_id="moss-minilm")
    with raises("ModelMismatch", ValueError, "custom", "moss-minilm"):
        await named.load_from_disk(tmp_path)


async def test_a_damaged_snapshot(client: MossClient, tmp_path: pathlib.Path) -> None:
    session = await custom_session(client, custom("a", text="hello"))
    await session.save_to_disk(tmp_path)
    files = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(content[: len(content) // 2])
    with raises("CacheCorrupt", RuntimeError):
        await session.load_from_disk(tmp_path)
    assert await ids(session) == ["a"]


async def test_a_folder_that_cannot_be_made(client: MossClient, tmp_path: pathlib.Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    session = await custom_session(client, custom("a"))
    with raises("Io", RuntimeError):
        await session.save_to_disk(blocked)
