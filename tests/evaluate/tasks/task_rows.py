"""A few rows of every data set that a card reads, with the columns and types that it has on the hub."""

from datetime import UTC, datetime
from typing import Any

_ASKED = "SUBREDDIT: r/books\n\nTITLE: A good one\n\nPOST: I read a book about bees for a week.\n\nTL;DR:"

_MESSAGE: dict[str, Any] = {
    "user_id": "c3fe8c76",
    "created_date": datetime(2023, 2, 5, 14, 23, 50, tzinfo=UTC).isoformat(),
    "review_count": 3,
    "review_result": True,
    "deleted": False,
    "rank": None,
    "synthetic": False,
    "model_name": None,
    "tree_state": "ready_for_export",
}


def _message(identity: str, parent: str | None, role: str, lang: str, text: str) -> dict[str, Any]:
    tree = {"message_id": identity, "parent_id": parent, "message_tree_id": "t", "role": role, "lang": lang}
    return {**_MESSAGE, **tree, "text": text}


ROWS: dict[str, list[dict[str, Any]]] = {
    "mmlu": [
        {"question": "How much is 40+32?", "subject": "sums", "choices": ["70", "72", "74", "76"], "answer": 1},
    ],
    "arc_challenge": [
        {
            "id": "Mercury_1",
            "question": "What do bees make?",
            "choices": {"text": ["milk", "honey", "wool"], "label": ["1", "2", "3"]},
            "answerKey": "2",
        }
    ],
    "gsm8k": [{"question": "How much is 40+32?", "answer": "40+32 = <<40+32=72>>72\n#### 72"}],
    "tldr": [{"prompt": _ASKED, "completion": " Read a book about bees."}],
    "smoltldr": [{"prompt": _ASKED, "completion": "Read a book about bees."}],
    "numina": [
        {
            "problem": "How much is $6 \\cdot 3$?",
            "solution": "Three sixes.\n```python\nprint(6*3)\n```\nThe answer is $\\boxed{18}$.",
            "messages": [
                {"role": "user", "content": "How much is $6 \\cdot 3$?"},
                {"role": "assistant", "content": "The answer is $\\boxed{18}$."},
            ],
        }
    ],
    "math500": [
        {
            "problem": "Find the midpoint of $(1,2)$ and $(3,4)$.",
            "solution": "It is $\\boxed{(2,3)}$.",
            "answer": "(2,3)",
            "subject": "Geometry",
            "level": 2,
            "unique_id": "test/geometry/1.json",
        }
    ],
    "oasst1": [
        _message("a", None, "prompter", "en", "Why do bees hum?"),
        _message("b", "a", "assistant", "en", "Their wings beat fast."),
        _message("c", "b", "prompter", "en", "And flies?"),  # a prompter's message, but no first turn
        _message("d", None, "prompter", "es", "¿Por qué zumban las abejas?"),
        _message("e", None, "prompter", "de", "Warum summen Bienen?"),
    ],
}
