"""The pictures of the documentation: few, small, and each page in every width and scheme."""

import re

from grpokit.bench.pictures import IMAGES, SCHEMES, SCREENS

LIMIT = 1_500_000


def test_pictures_are_small_and_each_page_has_all_of_them() -> None:
    pictures = sorted(IMAGES.glob("*.webp"))
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) < LIMIT
    pages = {path.name.rsplit("-", 2)[0] for path in pictures}
    assert {"arm", "demo", "nothing-learned", "suite"} <= pages
    wanted = [f"{page}-{screen.width}-{scheme}.webp" for page in pages for screen in SCREENS for scheme in SCHEMES]
    assert [path.name for path in pictures] == sorted(wanted)


def test_every_picture_that_the_documentation_shows_is_there() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in IMAGES.parent.glob("*.md"))
    shown = re.findall(r"\]\(images/([^)]+)\)", text)
    assert shown
    assert not [name for name in shown if not (IMAGES / name).is_file()]
