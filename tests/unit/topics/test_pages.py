"""The generated pages: a change of the table shows as a change of text."""

from pathlib import Path

from topics.acls import bindings, render
from topics.catalogue import TOPICS
from topics.markdown import catalogue_markdown

GOLDEN = Path(__file__).parents[2] / "golden"


def test_the_page_of_the_topics_is_fresh() -> None:
    # Renew with: factory topics list --markdown > tests/golden/topics.md
    assert (GOLDEN / "topics.md").read_text() == catalogue_markdown(TOPICS)


def test_the_access_rules_are_fresh() -> None:
    # Renew with: factory topics acls > tests/golden/acls.txt
    assert (GOLDEN / "acls.txt").read_text() == render(bindings(TOPICS))
