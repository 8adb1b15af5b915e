"""Talking to models side by side: the conversation, the page, the votes, the exported Space."""
