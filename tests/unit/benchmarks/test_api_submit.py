"""What counts as lost and as doubled."""

from benchmarks.api_submit import doubled, lost, task_ids
from benchmarks.open_loop import Answer


def test_an_answer_names_the_task_of_its_key() -> None:
    answer = Answer("key", 202, b'{"task_id":"1","status_url":"/status/1"}', 0.01, 0.0)

    assert task_ids([answer]) == [("key", "1")]


def test_a_task_that_was_promised_and_is_nowhere_is_lost_once() -> None:
    promised = [("a", "1"), ("b", "2"), ("b", "2")]

    assert lost(promised, [("a", "1")]) == 1
    assert lost(promised, promised) == 0


def test_a_task_that_nobody_heard_of_is_not_lost() -> None:
    assert lost([], [("a", "1")]) == 0


def test_a_repeat_that_got_the_same_task_is_not_doubled() -> None:
    assert doubled([("a", "1"), ("a", "1")], [("a", "1")]) == 0


def test_a_key_with_two_tasks_in_the_database_is_doubled() -> None:
    assert doubled([("a", "1")], [("a", "1"), ("a", "2"), ("b", "3")]) == 1


def test_a_key_whose_clients_were_told_of_two_tasks_is_doubled() -> None:
    assert doubled([("a", "1"), ("a", "2"), ("a", "3")], [("a", "1")]) == 1
