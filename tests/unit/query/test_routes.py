"""What each route answers of the story."""


from tests.unit.query.story import names
from tests.unit.query.views import World

IDS = names("acme")


def test_a_finished_workflow_shows_its_end_and_its_timeline(world: World) -> None:
    body = world.get(f"/workflows/{IDS['wf']}").json()
    assert body["data"]["status"] == "Completed"
    assert body["data"]["definitionName"] == "plan"
    kinds = [entry["eventType"] for entry in body["data"]["timeline"]]
    assert kinds[:2] == ["QuotaReserved", "WorkflowInstanceStarted"]
    assert kinds[-1] == "QuotaReleased"
    assert body["asOf"]["sequence"] == world.rows()["acme"]
