"""Views of a suite: in the terminal, as one page, as JSON, Markdown and JUnit XML."""
