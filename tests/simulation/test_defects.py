"""Defects put in on purpose: each must be caught, by an invariant that it breaks. The table is in tests/README.md."""

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.run import first_caught

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_defect_is_caught(name: str) -> None:
    defect = DEFECTS[name]
    caught = first_caught(name, range(defect.first, defect.first + defect.within))
    assert caught is not None, f"{defect.what}: no seed of {defect.within} sees it"
    assert caught[1] in defect.caught_by, caught
