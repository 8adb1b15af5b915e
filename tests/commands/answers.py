"""Stored answers of two models, as a file and as the options that read it."""

ROWS = [
    {"idx": 0, "question": "2+2?", "gold": "4", "output": "#### 4", "model": "a"},
    {"idx": 1, "question": "2+3?", "gold": "5", "output": "#### 6", "model": "a"},
    {"idx": 0, "question": "2+2?", "gold": "4", "output": "#### 4", "model": "b"},
    {"idx": 1, "question": "2+3?", "gold": "5", "output": "#### 5", "model": "b"},
]
COLUMNS = ["--completion-column", "output", "--reference-column", "gold", "--id-column", "idx"]
