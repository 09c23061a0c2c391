from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.jobs import GradingResult, Limits
from autograder.scheduling.dispatch import MAXIMUM_TRIES, Dispatch, deadline_s
from tests.autograder.test_jobs import example_job

_STEPS = st.lists(st.tuples(st.sampled_from(["hand out", "finish", "lose"]), st.integers(0, 3)), max_size=60)


def jobs(count: int) -> Dispatch:
    return Dispatch(example_job() for _ in range(count))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a loaded machine
@given(_STEPS, st.integers(0, 12), st.integers(1, 3))
def test_whatever_happens_every_job_is_answered_exactly_once(steps: list[tuple[str, int]], count: int, at_once: int) -> None:
    dispatch, answered = Dispatch((example_job() for _ in range(count)), at_once=at_once), list[int]()
    with_worker: dict[int, list[int]] = {worker: [] for worker in range(4)}
    for what, worker in steps:
        if what == "hand out":
            errand = dispatch.hand_out(worker, now="t")
            with_worker[worker] += [errand.index] if errand else []
        elif what == "finish" and with_worker[worker]:
            done = dispatch.finish(worker, with_worker[worker].pop(0))
            answered += [done.index] if done else []  # None: another worker has it now
        elif what == "lose":
            with_worker[worker] = []
            answered += [errand.index for errand in dispatch.lose(worker, "died")]
    for worker in range(4):
        answered += [errand.index for errand in dispatch.lose(worker, "went")]
    while (errand := dispatch.hand_out("last", now="t")) is not None:
        assert dispatch.finish("last", errand.index)
        assert dispatch.finish("last", errand.index) is None, "a second answer is not taken"
        answered.append(errand.index)
    assert sorted(answered) == list(range(count))
    assert not dispatch.is_out


def test_an_idle_worker_takes_over_what_waits_behind_another_ones_job() -> None:
    dispatch = jobs(3)
    held = [dispatch.hand_out("slow", now="t") for _ in range(2)]
    assert [errand.index for errand in held if errand] == [0, 1]
    last = dispatch.hand_out("quick", now="t")
    assert dispatch.hand_out("quick", now="t") is None, "it is not idle"
    assert last
    assert dispatch.finish("quick", last.index)
    taken = dispatch.hand_out("quick", now="t")
    assert taken is not None
    assert taken.index == 1
    assert dispatch.finish("slow", 1) is None, "its late answer is not taken"
    assert dispatch.finish("quick", 1) is taken
    assert dispatch.hand_out("quick", now="t") is None, "what runs is not taken over"


def test_only_the_job_that_ran_counts_a_lost_worker_as_a_try() -> None:
    dispatch = jobs(2)
    given_up = []
    for _ in range(MAXIMUM_TRIES):
        first, second = dispatch.hand_out("w", now="t"), dispatch.hand_out("w", now="t")
        assert first is not None
        assert second is not None
        if first.index != 0:  # the one that waited stands in front of the one that comes back
            assert dispatch.finish("w", first.index)
            second, first = first, second
            again = dispatch.hand_out("w", now="t")
            assert again is None
        given_up += dispatch.lose("w", "died (killed by SIGKILL)")
    assert [errand.index for errand in given_up] == [0]
    result = given_up[0].given_up()
    assert (result.status, result.tries, result.cells) == ("broken", MAXIMUM_TRIES, ())
    assert result.reason == "the grading process was lost 3 times with this submission; the last one died (killed by SIGKILL)"


def test_jobs_are_taken_from_the_caller_only_when_they_are_handed_out() -> None:
    taken = []

    def coming() -> object:
        for number in range(1_000_000):
            taken.append(number)
            yield example_job()

    dispatch = Dispatch(coming())  # type: ignore[arg-type]  # a generator of jobs
    for _ in range(5):
        dispatch.hand_out("w", now="t")
    assert len(taken) == 5


def test_a_result_says_when_its_job_was_queued_and_how_often_it_was_begun() -> None:
    dispatch = jobs(1)
    dispatch.hand_out("a", now="2026-11-20T08:00:00+00:00")
    dispatch.lose("a", "died")
    errand = dispatch.hand_out("b", now="2026-11-20T09:00:00+00:00")
    assert errand is not None
    result = errand.stamped(GradingResult(status="graded"))
    assert (result.queued_at, result.tries) == ("2026-11-20T08:00:00+00:00", 2)


def test_the_deadline_is_longer_than_everything_a_submission_may_use() -> None:
    job = example_job().model_copy(update={"limits": Limits(submission_timeout_s=100, cell_timeout_s=10)})
    assert deadline_s(job) > 2 * (100 + 10)
