"""How close is the completion to a reference text: overlap, ROUGE, edit distance, embeddings."""
