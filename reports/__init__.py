"""Views of a comparison: in the terminal, as one HTML page, as Markdown and as JSON. They compute nothing."""

from typing import TYPE_CHECKING

from ..lazy import deferred

if TYPE_CHECKING:
    from .html import write_html
    from .json_report import to_json
    from .markdown import to_markdown
    from .terminal import print_comparison
else:
    __getattr__ = deferred(
        __name__,
        {
            "html": ("write_html",),
            "json_report": ("to_json",),
            "markdown": ("to_markdown",),
            "terminal": ("print_comparison",),
        },
    )

__all__ = ["print_comparison", "to_json", "to_markdown", "write_html"]


def __dir__() -> list[str]:
    return __all__
