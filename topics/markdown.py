"""The catalogue as a page, so that a change of the table is reviewed as a change of text."""

from collections.abc import Iterable

from topics.model import Topic

HEADINGS = (
    "topic",
    "kind",
    "holds",
    "key",
    "partitions",
    "kept",
    "timestamp",
    "bytes a record at most",
    "writers",
    "readers",
)


def catalogue_markdown(topics: Iterable[Topic]) -> str:
    """Give the reference page of the topics: one table, then what each input topic admits."""
    rows = tuple(topics)
    lines = [
        "# Topics",
        "",
        "Made by `factory topics list --markdown` from `topics/catalogue.py`.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        "|---" * len(HEADINGS) + "|",
        *map(_row, rows),
        "",
        "## What may come in",
        "",
        *(
            f"- `{topic.name}`: {', '.join(sorted(topic.admits)) or 'nothing in this release'}"
            for topic in rows
            if topic.kind == "input"
        ),
    ]
    return "\n".join(lines) + "\n"


def _row(topic: Topic) -> str:
    cells = (
        f"`{topic.name}`",
        topic.kind,
        topic.holds,
        topic.key.replace("|", "\\|"),
        str(topic.partitions),
        topic.kept,
        topic.timestamps,
        f"{topic.message_bytes_max:,}",
        ", ".join(topic.writers),
        ", ".join(topic.readers),
    )
    return f"| {' | '.join(cells)} |"
