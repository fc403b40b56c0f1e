"""The published examples, run as they stand but for credentials, with what they promise asserted.

S1 is the sessions guide, S2 the handoff, S3 the `SessionIndex` reference, S4 live call context.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from moss import (
    DocumentInfo,
    GetDocumentsOptions,
    MossClient,
    MutationOptions,
    PushIndexResult,
    QueryOptions,
    SearchResult,
    SessionIndex,
)
from support import KEY, PROJECT


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSS_PROJECT_ID", PROJECT)
    monkeypatch.setenv("MOSS_PROJECT_KEY", KEY)


# S1: the sessions guide


async def test_sessions_guide() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])

    # Create or resume
    session = await client.session(index_name="my-session-index")
    assert session.doc_count == 0

    # Add documents: embedded locally, no cloud round trip
    added, updated = await session.add_docs(
        [
            DocumentInfo(id="1", text="Customer asked about their refund status"),
            DocumentInfo(id="2", text="Agent confirmed the order shipped on Monday"),
            DocumentInfo(
                id="3",
                text="Customer prefers to be contacted by email",
                metadata={"topic": "contact"},
            ),
        ]
    )
    assert (added, updated) == (3, 0)

    # Query in memory
    results = await session.query("when did my package leave?", QueryOptions(top_k=3))
    for doc in results.docs:
        assert doc.id and doc.text and 0.0 <= doc.score <= 1.0
    assert results.docs[0].id == "2"

    # The same filters as MossClient.query()
    results = await session.query(
        "how to reach them",
        QueryOptions(
            top_k=5, filter={"field": "topic", "condition": {"$eq": "contact"}}
        ),
    )
    assert [doc.id for doc in results.docs] == ["3"]

    # Delete and get
    deleted = await session.delete_docs(["1"])
    assert deleted == 1
    docs = await session.get_docs()
    assert [doc.id for doc in docs] == ["2", "3"]
    docs = await session.get_docs(GetDocumentsOptions(doc_ids=["3"]))
    assert docs[0].metadata == {"topic": "contact"}

    # Push to the cloud
    result = await session.push_index()
    assert result.doc_count == 2
    status = await client.get_job_status(result.job_id)
    assert status.status.value == "completed"

    # Resume: nothing is embedded again, later documents append
    session = await client.session(index_name="my-session-index")
    assert session.doc_count == 2
    await session.add_docs([DocumentInfo(id="4", text="Refund was issued today")])
    assert session.doc_count == 3
    # What was pushed can be loaded as any index
    await client.load_index("my-session-index")
    results = await client.query("my-session-index", "shipping", QueryOptions(top_k=1))
    assert results.docs[0].id == "2"


async def test_sessions_guide_models() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    session = await client.session("by-default")
    await session.add_docs([DocumentInfo(id="1", text="hello")])
    await session.push_index()
    # Omitted: adopted. Named differently: refused.
    assert (await client.session("by-default")).model_id == "moss-minilm"
    with pytest.raises(ValueError):
        await client.session("by-default", model_id="custom")


async def test_sessions_guide_custom_embeddings() -> None:
    def embed(text: str) -> list[float]:
        """Stands for a caller's own model."""
        words = ["refund", "order", "email"]
        return [float(text.count(word)) for word in words]

    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    session = await client.session(index_name="custom-session", model_id="custom")
    texts = {"1": "refund of the order", "2": "email me"}
    await session.add_docs(
        [DocumentInfo(id=id, text=text, embedding=embed(text)) for id, text in texts.items()]
    )
    results = await session.query("email", QueryOptions(embedding=embed("email"), top_k=1))
    assert [doc.id for doc in results.docs] == ["2"]
    await session.push_index()
    resumed = await client.session(index_name="custom-session")
    results = await resumed.query("refund", QueryOptions(embedding=embed("refund"), top_k=1))
    assert [doc.id for doc in results.docs] == ["1"]
    with pytest.raises(ValueError):
        await resumed.query("refund")


async def test_wrong_credentials_raise_when_a_session_opens() -> None:
    await MossClient(PROJECT, KEY).session("conv-123")
    with pytest.raises(RuntimeError):
        await MossClient(PROJECT, "wrong").session("conv-123")


# S2: the handoff between agents in separate processes

AGENT = """
import asyncio, json, os, sys
from moss import DocumentInfo, MossClient, QueryOptions

async def main() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    session = await client.session(index_name="conv-123")
    turns = json.loads(sys.argv[1])
    found = session.doc_count
    await session.add_docs([DocumentInfo(id=id, text=text) for id, text in turns.items()])
    results = await session.query(sys.argv[2], QueryOptions(top_k=1))
    pushed = await session.push_index()
    print(json.dumps({
        "found": found,
        "best": results.docs[0].id,
        "score": results.docs[0].score,
        "pushed": pushed.doc_count,
    }))

asyncio.run(main())
"""


def agent(turns: dict[str, str], question: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", AGENT, json.dumps(turns), question],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_handoff_between_processes() -> None:
    # Agent A takes the call.
    a = agent(
        {
            "turn-1": "Hi, I ordered a blue kettle last week",
            "turn-2": "It arrived broken and I want my money back",
        },
        "refund request",
    )
    assert (a["found"], a["best"], a["pushed"]) == (0, "turn-2", 2)
    # Agent B, another process, opens the same name and goes on.
    b = agent({"turn-3": "A replacement was offered and declined"}, "refund request")
    assert (b["found"], b["best"], b["pushed"]) == (2, "turn-2", 3)
    assert b["score"] == pytest.approx(a["score"], abs=0.2)
    # A continues after B, with all that B added.
    a = agent({"turn-4": "The refund was approved"}, "was a replacement offered?")
    assert (a["found"], a["best"], a["pushed"]) == (3, "turn-3", 4)


async def test_a_reader_sees_the_last_completed_push() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    a = await client.session(index_name="conv-123")
    await a.add_docs([DocumentInfo(id="turn-1", text="hello")])
    await a.push_index()
    await a.add_docs([DocumentInfo(id="turn-2", text="still mine")])
    b = await client.session(index_name="conv-123")
    assert [doc.id for doc in await b.get_docs()] == ["turn-1"]


# S3: the reference of SessionIndex


async def test_session_index_reference() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    session = await client.session("reference")
    assert isinstance(session, SessionIndex)

    # Properties
    assert session.name == "reference"
    assert session.doc_count == 0

    # add_docs(docs, options) -> Tuple[int, int]
    added, updated = await session.add_docs(
        [DocumentInfo(id="doc-1", text="Hello"), DocumentInfo(id="doc-2", text="World")]
    )
    assert (added, updated) == (2, 0)
    outcome = await session.add_docs(
        [DocumentInfo(id="doc-1", text="Hello again")], MutationOptions(upsert=True)
    )
    assert outcome == (0, 1)

    # delete_docs(doc_ids) -> int
    assert await session.delete_docs(["doc-2"]) == 1

    # get_docs(options) -> List[DocumentInfo]
    docs = await session.get_docs()
    assert isinstance(docs, list) and isinstance(docs[0], DocumentInfo)
    assert docs[0].text == "Hello again"

    # query(query, options) -> SearchResult
    results = await session.query("greeting", QueryOptions(top_k=5, alpha=0.8))
    assert isinstance(results, SearchResult)
    assert [(doc.id, doc.text) for doc in results.docs] == [("doc-1", "Hello again")]
    assert 0.0 < results.docs[0].score <= 1.0

    # push_index() -> PushIndexResult
    result = await session.push_index()
    assert isinstance(result, PushIndexResult)
    assert result.doc_count == 1 and result.job_id
    assert (await client.get_job_status(result.job_id)).status.value == "completed"


# S4: live context of a call beside a long-lived corpus


async def test_live_call_context() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    await client.create_index(
        "help-center",
        [
            DocumentInfo(id="refunds", text="Refunds are paid within five business days"),
            DocumentInfo(id="shipping", text="Orders ship within two business days"),
            DocumentInfo(id="warranty", text="Kettles have a warranty of two years"),
        ],
    )
    await client.load_index("help-center")
    call = await client.session("call-77")

    turns = {
        "turn-1": "my kettle broke after a week",
        "turn-2": "please send the money to my new bank account",
    }
    for id, text in turns.items():
        await call.add_docs([DocumentInfo(id=id, text=text, metadata={"speaker": "customer"})])
        # A turn is found the moment it was said.
        assert (await call.query(text, QueryOptions(top_k=1))).docs[0].id == id

    question = "how long until the customer gets paid back?"
    knowledge = await client.query("help-center", question, QueryOptions(top_k=1))
    memory = await call.query("where should the payment go?", QueryOptions(top_k=1))
    assert knowledge.docs[0].id == "refunds"
    assert memory.docs[0].id == "turn-2"


async def test_quickstart_with_plain_dicts() -> None:
    client = MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])
    await client.create_index(
        "quickstart",
        [
            {"id": "1", "text": "Track your order from the account page"},
            {"id": "2", "text": "Returns are free for thirty days"},
        ],
    )
    await client.load_index("quickstart")
    results = await client.query("quickstart", "are returns free of charge?", QueryOptions(top_k=1))
    assert results.docs[0].id == "2"


def test_the_readme_runs(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    program = readme.split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "I would like my money back" in done.stdout
