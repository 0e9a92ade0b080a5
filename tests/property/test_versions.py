"""Ranges of versions against the plain meaning of each form, on all versions near the bounds."""

from hypothesis import given
from hypothesis import strategies as st

from processors import versions

NUMBERS = st.integers(min_value=0, max_value=3)
VERSIONS = st.tuples(NUMBERS, NUMBERS, NUMBERS)


def text(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


@given(VERSIONS, VERSIONS)
def test_a_caret_keeps_what_stands_up_to_the_first_part_that_is_not_zero(
    bound: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    fixed = next((index for index, part in enumerate(bound) if part), 2) + 1
    expected = version >= bound and version[:fixed] == bound[:fixed]
    assert versions.satisfies(text(version), f"^{text(bound)}") == expected


@given(VERSIONS, VERSIONS)
def test_a_tilde_keeps_major_and_minor(
    bound: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    expected = version >= bound and version[:2] == bound[:2]
    assert versions.satisfies(text(version), f"~{text(bound)}") == expected


@given(VERSIONS, VERSIONS, VERSIONS)
def test_comparisons_all_hold(
    low: tuple[int, int, int], high: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    wanted = f">={text(low)} <{text(high)}"
    assert versions.satisfies(text(version), wanted) == (low <= version < high)
    wanted = f">{text(low)} <={text(high)}"
    assert versions.satisfies(text(version), wanted) == (low < version <= high)


@given(VERSIONS, VERSIONS)
def test_a_bare_version_means_itself_and_a_star_anything(
    bound: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    assert versions.satisfies(text(version), text(bound)) == (version == bound)
    assert versions.satisfies(text(version), f"={text(bound)}") == (version == bound)
    assert versions.satisfies(text(version), "*")


@given(st.lists(VERSIONS, max_size=12), VERSIONS)
def test_versions_are_listed_newest_first_each_once(
    published: list[tuple[int, int, int]], bound: tuple[int, int, int]
) -> None:
    listed: tuple[str, ...] = ()
    for version in published:
        listed = versions.newest_first(listed, text(version))
    assert listed == tuple(text(version) for version in sorted(set(published), reverse=True))
    fitting = [version for version in published if version >= bound]
    expected = text(max(fitting)) if fitting else None
    assert versions.newest(listed, f">={text(bound)}") == expected


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_satisfies_nothing(wanted: str) -> None:
    if not versions.is_range(wanted):
        assert not versions.satisfies("1.0.0", wanted)
        assert versions.newest(["1.0.0"], wanted) is None


@given(st.from_regex(r"[0-9.^~<>=* ]{0,30}", fullmatch=True))
def test_text_of_the_right_characters_alone_is_no_range(wanted: str) -> None:
    parts = wanted.split(" ")
    well_formed = wanted == "*" or all(
        versions.parse(part.lstrip("^~<>=")) is not None for part in parts
    )
    if versions.is_range(wanted):
        assert well_formed
        assert len(parts) <= versions.COMPARISONS_MAX
