"""Rows of reliability.md §5 and of the laboratory's runs that a test elsewhere shows, or that cannot be done here.

A test holds that each test named here exists (tests/unit/test_fault_table.py).
"""

from typing import Final, NamedTuple


class Elsewhere(NamedTuple):
    """A row without a program of its own."""

    row: str
    name: str
    shown_by: tuple[str, ...]
    """``file::test`` below tests/."""


_STREAMS: Final = "integration/streams/"
_RESULTS: Final = "unit/workflow/test_complete_agent_task.py"

ELSEWHERE: Final = (
    Elsewhere("F10", "zombies of the toy rules, also where another worker takes their name", (
        f"{_STREAMS}test_faults.py::test_a_worker_frozen_in_a_transaction_is_fenced_by_the_one_that_takes_over",
        f"{_STREAMS}test_chaos.py::test_zombies_that_wake_up_change_nothing")),
    Elsewhere("F14", "doubtful outcome of a commit", (
        "simulation/test_simulation.py::test_no_history_of_marbles_breaks_an_invariant",)),
    Elsewhere("F15", "the group's offsets lost, or ahead of the state", (
        f"{_STREAMS}test_guards.py::test_a_lost_group_decides_nothing_again",
        f"{_STREAMS}test_guards.py::test_a_state_behind_the_group_is_a_doubt",
        "unit/streams/test_inputs.py::test_offsets_that_stay_unstable_are_unknown_and_the_worker_goes_on")),
    Elsewhere("F16", "changelog deleted, cut, with a record missing, hidden by an open transaction", (
        f"{_STREAMS}test_rebuild.py::test_a_deleted_changelog_is_rebuilt_with_the_same_digest_and_the_same_memory",
        f"{_STREAMS}test_guards.py::test_a_changelog_that_lost_its_beginning_is_rebuilt_once",
        f"{_STREAMS}test_guards.py::test_a_changelog_that_lacks_a_record_is_rebuilt",
        f"{_STREAMS}test_guards.py::test_a_restore_waits_for_what_an_open_transaction_hides",
        "integration/recovery/test_lost_state.py::test_running_workflows_go_on_after_the_state_topic_is_deleted")),
    Elsewhere("F19", "the views' write-ahead log is torn", (
        "unit/query/test_store.py::test_a_torn_write_ahead_log_goes_back_to_an_earlier_commit",)),
    Elsewhere("F20", "damaged bytes in the views' file", (
        "integration/query/test_serve.py::test_a_damaged_file_is_set_aside_and_built_again",)),
    Elsewhere("F21", "the views are held by another process", (
        "integration/query/test_serve.py::test_a_second_process_is_refused_with_a_sentence",)),
    Elsewhere("F25", "commands that come twice (every seventh start of each run here, too)", (
        "integration/test_bad_input.py::test_a_repeated_id_gets_the_same_answer_and_no_second_effect",
        "integration/test_bad_input.py::test_a_repeated_id_with_other_content_is_a_duplicate",
        f"{_STREAMS}test_refusals.py::test_a_command_id_is_decided_once")),
    Elsewhere("F26", "late commands: after a cancel, a lease, a quota, a suspension, beyond the horizon", (
        "integration/test_bad_input.py::test_a_stale_lease_and_a_wrong_token_are_refused_and_recorded",
        "integration/test_bad_input.py::test_an_id_older_than_the_horizon_is_expired",
        "unit/workflow/test_cancel_workflow.py::test_a_result_after_the_cancel_is_stale",
        f"{_RESULTS}::test_the_same_result_twice_is_stale_and_metered_once",
        f"{_RESULTS}::test_results_of_a_suspended_tenant_are_taken_in_and_its_next_step_waits",
        "unit/tenancy/test_quota.py::test_a_release_after_the_edge_frees_its_own_window")),
    Elsewhere("F34", "old ids after their memory is gone", (
        f"{_STREAMS}test_refusals.py::test_ids_that_memory_cannot_answer_for_are_refused",)),
    Elsewhere("lab", "the group is new and empty over full topics", (
        f"{_STREAMS}test_guards.py::test_a_lost_group_decides_nothing_again",)),
    Elsewhere("lab", "control: a restore that ends too early", (
        f"{_STREAMS}test_guards.py::test_a_restore_waits_for_what_an_open_transaction_hides",)),
    Elsewhere("lab", "control: errors are looked at before a stale batch is dropped, and a watchdog", (
        "unit/streams/test_inputs.py::test_an_error_is_raised_before_a_stale_batch_is_dropped",
        "unit/streams/test_process.py::test_the_watchdog_tells_a_hang_and_not_a_pause")),
)  # fmt: skip
