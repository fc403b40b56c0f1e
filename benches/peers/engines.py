"""Vector search: the peers, each built over the same unit vectors and asked for the same 10 nearest.

An engine with a knob (how much of a graph is searched, how many candidates are compared again in f32) gets the least value
whose recall reaches the goal, so that speed is compared at one quality.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TOP_K = 10
# Of every graph: links a vector, and candidates while it is built.
LINKS, BUILD_CANDIDATES = 16, 200
SEARCH_CANDIDATES = (32, 64, 96, 128, 192, 256, 384, 512, 1024)
REFINED = (2, 3, 4, 6, 8, 12, 16, 32)


@dataclass
class Engine:
    """``search`` is what is timed, and ``rows`` the numbers of the vectors in what it gives."""

    search: Callable[[np.ndarray], Any]
    rows: Callable[[Any], Sequence[int]]
    knob: str = ""
    values: Sequence[int] = ()
    turn: Callable[[int], None] | None = None
    # What the knob was turned to.
    value: int = 0
    awaited: bool = False
    setting: str = ""
    # What must live as long as the engine.
    holds: Any = None


def faiss_flat(vectors: np.ndarray) -> Engine:
    """Every vector, f32."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return _faiss(index)


def faiss_rabitq(vectors: np.ndarray) -> Engine:
    """Every vector by two bits a component, the best again in f32."""
    import faiss

    codes = faiss.IndexRaBitQFastScan(vectors.shape[1], faiss.METRIC_INNER_PRODUCT, 32, 2)
    index = faiss.IndexRefineFlat(codes)
    index.train(vectors)
    index.add(vectors)
    return _faiss(index, "k_factor", REFINED, lambda value: setattr(index, "k_factor", value))


def faiss_hnsw(vectors: np.ndarray) -> Engine:
    """A graph over f32."""
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_CANDIDATES
    index.add(vectors)
    return _faiss(index, "efSearch", SEARCH_CANDIDATES, lambda value: setattr(index.hnsw, "efSearch", value))


def _faiss(index: Any, knob: str = "", values: Sequence[int] = (), turn: Callable[[int], None] | None = None) -> Engine:
    return Engine(lambda vector: index.search(vector[None], TOP_K), lambda found: found[1][0], knob, values, turn)


def hnswlib_graph(vectors: np.ndarray) -> Engine:
    """A graph over f32."""
    import hnswlib

    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=LINKS, ef_construction=BUILD_CANDIDATES)
    index.set_num_threads(1)
    index.add_items(vectors, num_threads=1)

    def search(vector: np.ndarray) -> Any:
        return index.knn_query(vector, TOP_K, num_threads=1)

    return Engine(search, lambda found: found[0][0], "ef", SEARCH_CANDIDATES, index.set_ef)


def usearch_exact(vectors: np.ndarray) -> Engine:
    """Every vector, bf16."""
    return _usearch(vectors, "bf16", exact=True)


def usearch_bf16(vectors: np.ndarray) -> Engine:
    """A graph over bf16."""
    return _usearch(vectors, "bf16", exact=False)


def usearch_i8(vectors: np.ndarray) -> Engine:
    """A graph over one byte a component."""
    return _usearch(vectors, "i8", exact=False)


def _usearch(vectors: np.ndarray, kind: str, exact: bool) -> Engine:
    from usearch.index import Index

    # A graph that is not searched need not be a good one.
    effort = {"connectivity": 2, "expansion_add": 1} if exact else {"connectivity": LINKS, "expansion_add": BUILD_CANDIDATES}
    index = Index(ndim=vectors.shape[1], metric="cos", dtype=kind, **effort)
    index.add(np.arange(len(vectors)), vectors, threads=1)

    def search(vector: np.ndarray) -> Any:
        return index.search(vector, TOP_K, threads=1, exact=exact)

    def turn(value: int) -> None:
        index.expansion_search = value

    if exact:
        return Engine(search, lambda found: found.keys)
    return Engine(search, lambda found: found.keys, "expansion_search", SEARCH_CANDIDATES, turn)


def sqlite_vec_flat(vectors: np.ndarray) -> Engine:
    """Every vector, f32, in a table in memory."""
    # The sqlite3 of some Pythons cannot load extensions.
    import apsw
    import sqlite_vec

    database = apsw.Connection(":memory:")
    database.enable_load_extension(True)
    database.load_extension(sqlite_vec.loadable_path())
    database.execute(f"create virtual table vectors using vec0(vector float[{vectors.shape[1]}] distance_metric=cosine)")
    with database:
        database.executemany("insert into vectors(rowid, vector) values (?, ?)", enumerate(map(np.ndarray.tobytes, vectors)))
    sql = f"select rowid, distance from vectors where vector match ? and k = {TOP_K}"

    def search(vector: np.ndarray) -> Any:
        return database.execute(sql, (vector.tobytes(),)).fetchall()

    return Engine(search, lambda found: [row for row, _ in found])


def lancedb_flat(vectors: np.ndarray) -> Engine:
    """Every vector, f32, in a table on disk."""
    return lancedb_over(vectors, None, graph=False)


def lancedb_graph(vectors: np.ndarray) -> Engine:
    """A graph over one byte a component, the best again in f32."""
    return lancedb_over(vectors, None, graph=True)


def lancedb_over(vectors: np.ndarray, texts: list[str] | None, graph: bool) -> Engine:
    """A table of vectors, and of texts if there are any, which a search then gives."""
    import lancedb
    import pyarrow
    from lancedb.index import HnswSq

    folder = tempfile.TemporaryDirectory()
    rows = {"id": pyarrow.array(np.arange(len(vectors)))}
    rows["vector"] = pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1])
    if texts:
        rows["text"] = pyarrow.array(texts)
    table = lancedb.connect(folder.name).create_table("vectors", pyarrow.table(rows))
    if graph:
        shape = {"num_partitions": 1, "m": LINKS, "ef_construction": BUILD_CANDIDATES}
        table.create_index("vector", config=HnswSq(distance_type="dot", **shape))
    columns = ["id", "_distance", *(["text"] if texts else [])]
    candidates = SEARCH_CANDIDATES[0]

    def search(vector: np.ndarray) -> Any:
        asked = table.search(vector).distance_type("dot").select(columns).limit(TOP_K)
        return (asked.ef(candidates).refine_factor(2) if graph else asked).to_arrow()

    def turn(value: int) -> None:
        nonlocal candidates
        candidates = value

    engine = Engine(search, lambda found: found["id"].to_pylist(), holds=folder)
    if graph:
        engine.knob, engine.values, engine.turn = "ef", SEARCH_CANDIDATES, turn
    return engine


def chroma_over(vectors: np.ndarray, texts: list[str] | None, hnswlib: Engine | None) -> Engine:
    """A collection of vectors in memory, and of texts if there are any, which a search then gives.

    Chroma takes the effort of its graph when a collection is made and never again. The graph is hnswlib's, so it gets the
    effort that hnswlib was found to need.
    """
    import chromadb
    from chromadb.config import Settings

    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    effort = hnswlib.value if hnswlib else SEARCH_CANDIDATES[-1]
    graph = {"space": "ip", "max_neighbors": LINKS, "ef_construction": BUILD_CANDIDATES, "num_threads": 1}
    graph["ef_search"] = effort
    collection = client.get_or_create_collection("vectors", configuration={"hnsw": graph}, embedding_function=None)
    step = client.get_max_batch_size()
    for start in range(0, len(vectors), step):
        batch = vectors[start : start + step]
        ids = [str(start + row) for row in range(len(batch))]
        collection.add(ids, embeddings=batch, documents=texts[start : start + step] if texts else None)
    wanted = ["documents", "distances"] if texts else ["distances"]

    def search(vector: np.ndarray) -> Any:
        return collection.query(query_embeddings=vector[None], n_results=TOP_K, include=wanted)

    return Engine(search, lambda found: list(map(int, found["ids"][0])), setting=f"ef_search {effort}, as hnswlib")


# Chroma needs hnswlib's beside the vectors, and is not among them.
PEERS: dict[str, Callable[[np.ndarray], Engine]] = {
    "FAISS flat f32": faiss_flat,
    "FAISS RaBitQ 2-bit, refined": faiss_rabitq,
    "FAISS HNSW": faiss_hnsw,
    "hnswlib": hnswlib_graph,
    "usearch exact bf16": usearch_exact,
    "usearch HNSW bf16": usearch_bf16,
    "usearch HNSW i8": usearch_i8,
    "sqlite-vec flat": sqlite_vec_flat,
    "LanceDB flat": lancedb_flat,
    "LanceDB HNSW": lancedb_graph,
}
