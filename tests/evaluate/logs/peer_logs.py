"""Small logs in the shapes of the tools that write them."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow

Row = Mapping[str, Any]


def write_lines(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_json(path: Path, value: object, indent: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent))
    return path


def lm_eval_row(doc: int, said: str, value: float, kind: str = "strict-match", **changes: Any) -> dict[str, Any]:
    """A line of a task that generates."""
    return {
        "doc_id": doc,
        "doc": {"question": f"{doc}+1?", "answer": str(doc + 1), "level": doc % 2},
        "target": str(doc + 1),
        "arguments": {"gen_args_0": {"arg_0": f"<user>{doc}+1?", "arg_1": {"until": ["</s>"]}}},
        "resps": [[said]],
        "filtered_resps": [said[-1:]],
        "filter": kind,
        "metrics": ["exact_match"],
        "doc_hash": f"doc{doc}",
        "prompt_hash": f"prompt{doc}",
        "target_hash": f"target{doc}",
        "exact_match": value,
        **changes,
    }


def lm_eval_choice(doc: int, likelihoods: Sequence[float], target: int) -> dict[str, Any]:
    """A line of a task of choices, whose numbers lm-eval writes as texts."""
    options = ["red", "green", "blue"][: len(likelihoods)]
    best = max(range(len(options)), key=likelihoods.__getitem__)
    requests = {f"gen_args_{at}": {"arg_0": "Sky?", "arg_1": f" {option}"} for at, option in enumerate(options)}
    return {
        **lm_eval_row(doc, "", 0, "none"),
        "target": str(target),
        "arguments": requests,
        "resps": [[[str(value), "False"]] for value in likelihoods],
        "filtered_resps": [[str(value), "False"] for value in likelihoods],
        "metrics": ["acc", "acc_norm"],
        "acc": float(best == target),
        "acc_norm": 0.0,
    }


DATE = "2026-01-02T03-04-05.678901"


def lm_eval_folder(folder: Path, tasks: Mapping[str, Sequence[Row]], **results: Any) -> Path:
    """The output of a run: samples per task, and the results beside them."""
    for task, rows in tasks.items():
        write_lines(folder / f"samples_{task}_{DATE}.jsonl", rows)
    write_json(folder / f"results_{DATE}.json", {"model_name": "org/base", "lm_eval_version": "0.4.13", **results})
    return folder


def inspect_sample(name: object, said: str | None, scores: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    choices = [] if said is None else [{"message": {"role": "assistant", "content": said}, "stop_reason": "stop"}]
    return {
        "id": name,
        "epoch": 1,
        "input": f"What is {name}?",
        "target": "18",
        "output": {"choices": choices, "completion": said or "", "usage": {"output_tokens": 7}},
        "scores": {scorer: {"value": value, "answer": said} for scorer, value in scores.items()},
        "metadata": {"kind": "sum", "nested": {"deep": 1}},
        **changes,
    }


def inspect_log(samples: Sequence[Row], scorers: Sequence[str] = ("match",), **changes: Any) -> dict[str, Any]:
    return {
        "version": 2,
        "status": "success",
        "eval": {"task": "sums", "model": "openai/m", "packages": {"inspect_ai": "0.3.285"}},
        "plan": {"steps": [{"solver": "generate"}], "config": {"temperature": 0.0}},
        "results": {"scores": [{"name": name, "scorer": name} for name in scorers]},
        **changes,
        "samples": list(samples),
    }


def write_eval(path: Path, log: Mapping[str, Any], *, method: str = "zstd", ended: bool = True) -> Path:
    """Write a log as inspect's archive; Python's zipfile writes no zstandard members, so their bytes are made here."""
    header = {name: value for name, value in log.items() if name != "samples"}
    members = {"_journal/start.json": {name: header[name] for name in ("version", "eval", "plan")}}
    members |= {f"samples/{one.get('id')}_epoch_{one.get('epoch')}.json": one for one in log["samples"]}
    members |= {"header.json": header} if ended else {}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            raw = json.dumps(value).encode()
            if method == "deflate":
                archive.writestr(name, raw, zipfile.ZIP_DEFLATED)
            else:
                _write_zstandard(archive, name, raw)
    return path


def _write_zstandard(archive: zipfile.ZipFile, name: str, raw: bytes) -> None:
    packed = pyarrow.compress(raw, codec="zstd", asbytes=True)
    archive.writestr(name, packed, zipfile.ZIP_STORED)
    info = archive.getinfo(name)
    file = archive.fp
    assert file is not None
    info.compress_type, info.file_size, info.CRC = 93, len(raw), zlib.crc32(raw)
    file.seek(info.header_offset)
    file.write(info.FileHeader())  # the local header, as the central one will be
    file.seek(0, 2)


def lighteval_row(name: int, said: str, em: int, **changes: Any) -> dict[str, Any]:
    return {
        "doc": {
            "id": str(name),
            "query": f"{name}+1?",
            "choices": [str(name + 1)],
            "gold_index": 0,
            "task_name": "sums|0",
            "specific": {"level": name},
        },
        "metric": {"em": em},
        "model_response": {"text": [said], "output_tokens": [[1, 2, 3]], "logprobs": []},
        **changes,
    }


def write_parquet(path: Path, rows: Sequence[Row]) -> Path:
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path


def rollout(place: int, question: str, said: Any, reward: float | None, **changes: Any) -> dict[str, Any]:
    return {
        "id": place,
        "prompt": [{"role": "user", "content": question}],
        "completion": said if isinstance(said, list) else [{"role": "assistant", "content": said, "tool_calls": None}],
        "task": "default",
        "info": {"level": 3},
        "answer": "18",
        "generation_ms": 8.5,
        "reward": reward,
        "right_func": reward,
        **changes,
    }


def promptfoo_result(test: int, said: str | None, success: bool, provider: str = "m", **changes: Any) -> dict[str, Any]:
    return {
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": f"{test}+1?", "label": "{{a}}+1?"},
        "promptIdx": 0,
        "testIdx": test,
        "vars": {"a": test, "gold": str(test + 1)},
        "response": {"output": said},
        "gradingResult": {"pass": success, "score": float(success), "reason": "Expected output"},
        "namedScores": {},
        "score": float(success),
        "success": success,
        "failureReason": int(not success),
        **changes,
    }


def promptfoo_log(results: Sequence[Row], labels: Sequence[str] = ("{{a}}+1?",), version: int = 3) -> dict[str, Any]:
    prompts = [{"label": label, "provider": "m"} for label in labels]
    return {"evalId": "e", "results": {"version": version, "prompts": prompts, "results": list(results)}, "config": {}}
