"""Where a store is known to do otherwise: the test of a demand, and what the store does instead.

A difference that is no longer there fails its test. What each means for Vantage is in docs/guides/object-stores.md.
"""

from collections.abc import Mapping

FOLDERS = "folders go by their names, and `cam/` comes before `cam-2/`"

DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "embedded": {
        "test_are_in_the_order_of_bytes_where_names_of_folders_begin_alike": FOLDERS,
        "test_of_versions_leave_nothing_out_where_names_of_folders_begin_alike": "its pages leave some out",
        "test_give_no_folder_whose_objects_have_gone": "an emptied folder is shown for about two minutes",
        "test_a_delete_of_what_is_not_there_leaves_no_second_mark": "it leaves another mark, as Amazon's does",
        "test_suspended_a_mark_can_be_erased": "the mark `null` stays until the key is written again",
        "test_a_bucket_made_without_lock_refuses_to_lock_a_version": "it takes the lock, which keeps nothing",
        "test_a_mark_of_a_deletion_is_not_locked": "it is, and then kept",
        "test_one_with_versions_is_not_removed": "it is, and what it kept with it, unless a lock keeps a version",
        "test_one_whose_objects_are_hidden_is_not_removed": "it is, and what it kept with it",
        "test_a_copy_is_locked_by_the_request_that_makes_it": "the lock is left out, and nothing says so",
    },
    "minio": {
        "test_give_no_folder_whose_objects_are_hidden": "it is shown as long as a version is kept",
    },
}
