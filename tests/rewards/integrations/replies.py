"""One right and one wrong completion, for the references "18"."""

RIGHT = "<think>\n6 * 3 = 18\n</think>\n<answer>\n18\n</answer>"
WRONG = "<think>\n6 + 3 = 9\n</think>\n<answer>\n9\n</answer>"
