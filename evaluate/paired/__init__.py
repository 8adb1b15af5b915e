"""Two or more runs over the same questions: the pairs, the verdicts, and what explains them."""
