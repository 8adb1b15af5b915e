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
    "aime24": [{"ID": "2024-I-0", "Problem": "How much is $40+32$?", "Solution": "Add. \\boxed{72}", "Answer": 72}],
    "aime25": [{"problem": "How much is $40+32$?", "answer": "72", "id": "0"}],
    "amc": [{"id": 3, "problem": "How much is $40+32$?", "answer": 72.0, "url": "https://example.org"}],
    "math": [
        {
            "problem": "How much is $40+32$?",
            "level": "Level 1",
            "type": "Prealgebra",
            "solution": "It is $40+32=\\boxed{72}$.",
        }
    ],
    "svamp": [
        {
            "ID": "chal-1",
            "Body": "There are 40 bees, and 32 more come.",
            "Question": "How many are there?",
            "Equation": "( 40.0 + 32.0 )",
            "Answer": "72.0",
            "Type": "Addition",
        }
    ],
    "aqua": [
        {
            "question": "How much is 40+32?",
            "options": ["A)70", "B)72", "C)74", "D)76", "E)None of these"],
            "rationale": "Add. The answer is B.",
            "correct": "B",
        }
    ],
    "mmlu_pro": [
        {
            "question_id": 70,
            "question": "How much is 40+32?",
            "options": ["70", "71", "72", "73", "74", "75", "76"],
            "answer": "C",
            "answer_index": 2,
            "cot_content": "A: Let's think step by step. Add. The answer is (C).",
            "category": "math",
            "src": "sums",
        }
    ],
    "gpqa": [
        {
            "Question": "How much is 40+32?",
            "Correct Answer": "72",
            "Incorrect Answer 1": "70",
            "Incorrect Answer 2": "74",
            "Incorrect Answer 3": "76",
            "Subdomain": "Sums",
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

CARD: dict[str, Any] = {
    "name": "mine",
    "source": {"file": "rows.jsonl"},
    "user": "{question}",
    "reference": "answer",
    "rewards": "correctness",
    "primary": "correctness",
}
