"""Runs the language-neutral scenarios of `crates/moss-conformance`; its README explains the format.

The filter vectors of that folder are run by `test_filters.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest

import moss
from moss import (
    DocumentInfo,
    GetDocumentsOptions,
    MossClient,
    MossError,
    MutationOptions,
    ParentGrouping,
    QueryOptions,
)

FOLDER = Path(__file__).resolve().parents[2] / "crates" / "moss-conformance"
#: What this language has of the optional parts.
HAS = {"cloud_query", "load_indexes", "query_multi_index"}


def scenarios() -> list[Any]:
    params = []
    for file in sorted((FOLDER / "scenarios").glob("*.json")):
        for scenario in json.loads(file.read_text(encoding="utf-8"))["scenarios"]:
            # What the surface of this language does not have is no test of it.
            if HAS.issuperset(scenario.get("needs", [])):
                params.append(pytest.param(scenario["steps"], id=f"{file.stem}: {scenario['name']}"))
    return params


@pytest.mark.parametrize("steps", scenarios())
async def test_scenario(steps: list[dict[str, Any]], tmp_path: Path) -> None:
    await run(steps, tmp_path)


async def run(steps: list[dict[str, Any]], folder: Path) -> None:
    # The store is `store` in the folder: conftest.py sets MOSS_STORE so.
    variables: dict[str, Any] = {"client": MossClient("project", "key")}
    for number, step in enumerate(steps, start=1):
        where = f"step {number} ({step['call']})"
        args = resolve(step.get("args", {}), variables)
        try:
            result = await call(step["call"], args, variables, folder)
        except MossError as error:
            assert error.kind == step.get("error"), f"{where}: {error.kind}: {error}"
            assert type(error).__name__ == f"{error.kind}Error", where
            for part in step.get("contains", []):
                assert part in str(error), where
            continue
        assert "error" not in step, f"{where} did not fail with {step['error']}"
        if "as" in step:
            variables[step["as"]] = result
        docs = plain(result)
        docs = docs["docs"] if isinstance(docs, dict) and "docs" in docs else docs
        if "ids" in step:
            compare(step["ids"], [doc["id"] for doc in docs], f"{where} ids")
        if "scores" in step:
            compare(step["scores"], [doc["score"] for doc in docs], f"{where} scores")
        if "count" in step:
            compare(step["count"], len(docs), f"{where} count")
        if "expect" in step:
            compare(resolve(step["expect"], variables), plain(result), where)


async def call(name: str, args: dict[str, Any], variables: dict[str, Any], folder: Path) -> Any:
    if name == "open_client":
        return MossClient(**args)
    if name == "damage":
        return damage(folder / args["path"], args["suffix"])
    variable, name = name.split(".")
    target = variables[variable]
    if name in ("name", "model_id", "doc_count"):
        return getattr(target, name)
    if name == "cloud_query":
        # A query of an index that is not loaded goes to the cloud by itself.
        name = "query"
    if "docs" in args:
        args["docs"] = [DocumentInfo(**doc) for doc in args["docs"]]
    if "path" in args:
        args["cache_path"] = str(folder / args.pop("path"))
    if "group_by" in args:
        args["group_by"] = ParentGrouping(**args["group_by"])
    options = options_of(target, name, args)
    if options is not None:
        args["options"] = options
    return await getattr(target, name)(**args)


def options_of(target: Any, name: str, args: dict[str, Any]) -> Optional[object]:
    """The options that stand among the arguments, taken out of them, as an object."""
    kinds = {
        "add_docs": (MutationOptions, ["upsert"]),
        "get_docs": (GetDocumentsOptions, ["doc_ids", "filter", "sort_by", "ascending", "group_by"]),
        "query": (QueryOptions, ["embedding", "top_k", "alpha", "filter", "group_by"]),
        "query_multi_index": (QueryOptions, ["embedding", "top_k", "alpha", "filter"]),
    }
    if name not in kinds:
        return None
    kind, fields = kinds[name]
    taken = {field: args.pop(field) for field in fields if field in args}
    return kind(**taken) if taken else None


def damage(folder: Path, suffix: str) -> None:
    files = [path for path in folder.rglob(f"*{suffix}") if path.is_file()]
    assert files, "nothing to damage"
    for path in files:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)


def plain(result: Any) -> Any:
    """A result as JSON has it."""
    if isinstance(result, (list, tuple)):
        return [plain(item) for item in result]
    if isinstance(result, dict):
        return {key: plain(value) for key, value in result.items()}
    if isinstance(result, (moss.JobStatus, moss.JobPhase)):
        return result.value
    if result is None or isinstance(result, (str, int, float)):
        return result
    names = [name for name in dir(result) if not name.startswith("_")]
    values = {name: getattr(result, name) for name in names}
    return {name: plain(value) for name, value in values.items() if not callable(value)}


def resolve(value: Any, variables: dict[str, Any]) -> Any:
    """The value with references, repetitions and odd floats replaced by what they stand for."""
    if isinstance(value, list):
        return [resolve(item, variables) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        variable, field = value["$ref"].split(".")
        return plain(getattr(variables[variable], field))
    if "$repeat" in value:
        return value["$repeat"][0] * value["$repeat"][1]
    if "$float" in value:
        return float(value["$float"])
    return {key: resolve(item, variables) for key, item in value.items()}


def compare(expected: Any, got: Any, path: str) -> None:
    if isinstance(expected, dict) and "$not" in expected:
        with pytest.raises(AssertionError):
            compare(expected["$not"], got, path)
    elif isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            if key == "metadata":
                assert value == got.get(key), path
            compare(value, got.get(key), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(got, list):
        assert len(expected) == len(got), f"{path}: {expected} {got}"
        for at, (item, other) in enumerate(zip(expected, got)):
            compare(item, other, f"{path}[{at}]")
    elif isinstance(expected, (int, float)) and not isinstance(expected, bool):
        assert isinstance(got, (int, float)) and abs(expected - got) <= 1e-4, f"{path}: {expected} {got}"
    else:
        assert expected == got and type(expected) is type(got), f"{path}: {expected!r} {got!r}"
