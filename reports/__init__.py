"""Views of a comparison: in the terminal, as one HTML page, as Markdown and as JSON. They compute nothing."""

from .html import write_html
from .json_report import to_json
from .markdown import to_markdown
from .terminal import print_comparison

__all__ = ["print_comparison", "to_json", "to_markdown", "write_html"]
