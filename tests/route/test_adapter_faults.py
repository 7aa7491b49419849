"""Whatever of ours breaks: the bot's result, or the bot's exception, leaves."""

import asyncio
import dataclasses

import pytest

from changeover.core.errors import StoreUnavailableError
from changeover.core.model import LEGACY, Outcome, Reason, Trace


class BoomError(Exception):
    pass


class OurError(Exception):
    """What a broken part of ours raises; it must never be seen by the bot."""


def legacy(_message, _args):
    return "legacy"


def new(_message, _args):
    return "new"


def broken(*_args, **_kwargs):
    raise OurError


class BrokenRecorder:
    record_command_execution = staticmethod(broken)
    record_feature_flag_check = staticmethod(broken)


@pytest.mark.parametrize("error", [None, BoomError(), asyncio.CancelledError()])
async def test_a_broken_recorder_changes_neither_result_nor_exception(make_bench, error):
    async def handler(_message, _args):
        if error is not None:
            raise error
        return "new"

    bench = make_bench(recorder=BrokenRecorder())
    bench.adapter.register("ping", legacy=legacy, new=handler, category="utility")
    bench.all_on()
    process = bench.adapter.process_command(bench.message(), "ping", ())
    if error is None:
        assert await process == "new"
    else:
        with pytest.raises(type(error)) as caught:
            await process
        assert caught.value is error
        assert error.__context__ is None
    assert bench.guard.counts == {"route.record": 2}


async def test_a_broken_source_leaves_the_routing_where_it_was(make_bench):
    bench = make_bench()
    bench.adapter.register("ping", legacy=legacy, new=new, category="utility")
    bench.all_on()
    bench.source.error = StoreUnavailableError("locked")
    bench.share(utility=0)
    assert await bench.adapter.process_command(bench.message(), "ping", ()) == "new"
    assert bench.guard.counts == {}  # a store away is the store's to log
    bench.source.error = ValueError("a defect")
    bench.share(utility=0)
    assert await bench.adapter.process_command(bench.message(), "ping", ()) == "new"
    assert bench.guard.counts == {"route.flags.file": 1}


def raises_what_it_got(error):
    raise error


def raises_from_what_it_got(error):
    raise OurError from error


@pytest.mark.parametrize(
    ("classify", "counted"),
    [
        (broken, True),
        (raises_from_what_it_got, True),
        (lambda _error: "nonsense", True),
        (lambda _error: None, True),
        (raises_what_it_got, False),  # the idiom for "I do not know this one"
    ],
)
async def test_a_broken_classifier_is_replaced_by_the_default(make_bench, classify, counted):
    bench, error = make_bench(options={"classify": classify}), BoomError()

    async def handler(_message, _args):
        raise error

    bench.adapter.register("ping", legacy=handler)
    with pytest.raises(BoomError) as caught:
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert caught.value is error
    assert error.__context__ is None
    frames = 0
    traceback = error.__traceback__
    while traceback is not None:
        frames, traceback = frames + 1, traceback.tb_next
    assert frames == 3  # this test, process_command, the handler
    assert bench.recorder.calls[0].outcome is Outcome.FAILURE
    assert bool(bench.guard.counts) == counted


@dataclasses.dataclass(frozen=True)
class FrozenError(Exception):
    """Refuses every assignment, `__traceback__` included."""

    code: int = 1


class SecretiveError(Exception):
    """Raises when asked for anything."""

    def __getattribute__(self, _name):
        raise RuntimeError("hostile")


class FacelessBaseError(BaseException):
    @property
    def __class__(self):
        raise RuntimeError("hostile")


@pytest.mark.parametrize("kind", [FrozenError, SecretiveError, FacelessBaseError])
@pytest.mark.parametrize("is_async", [True, False])
async def test_an_exception_that_resists_every_touch_leaves_as_it_is(make_bench, kind, is_async):
    error = kind()

    def fail(_message, _args):
        raise error

    async def fail_later(_message, _args):
        raise error

    bench = make_bench(options={"classify": raises_from_what_it_got})
    bench.adapter.register("ping", legacy=fail_later if is_async else fail)
    left = None
    try:  # not pytest.raises, which looks at it
        await bench.adapter.process_command(bench.message(), "ping", ())
    except BaseException as caught:  # noqa: BLE001 - one of them is no Exception
        left = caught
    assert left is error
    assert bench.recorder.calls[0].outcome in {Outcome.FAILURE, Outcome.CANCELLED}


async def test_an_exception_whose_own_outcome_is_nonsense_is_a_failure(make_bench):
    class OddError(Exception):
        changeover_outcome = "fine, thanks"

    async def handler(_message, _args):
        raise OddError

    bench = make_bench()
    bench.adapter.register("ping", legacy=handler)
    with pytest.raises(OddError):
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert bench.recorder.calls[0].outcome is Outcome.FAILURE


async def test_no_classifier_can_make_a_failure_of_a_cancellation(make_bench):
    async def handler(_message, _args):
        raise asyncio.CancelledError

    bench = make_bench(options={"classify": lambda _error: Outcome.FAILURE})
    bench.share(enabled=100, integration=100, utility=100, fallbackOnError=100)
    bench.adapter.register(
        "ping", legacy=legacy, new=handler, category="utility", safe_to_repeat=True
    )
    with pytest.raises(asyncio.CancelledError):
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert [call.outcome for call in bench.recorder.calls] == [Outcome.CANCELLED]


async def test_a_broken_judge_of_results_leaves_the_result_and_calls_it_ok(make_bench):
    bench = make_bench(options={"classify_result": broken})
    bench.adapter.register("ping", legacy=legacy)
    assert await bench.adapter.process_command(bench.message(), "ping", ()) == "legacy"
    assert bench.recorder.calls[0].outcome is Outcome.OK
    assert bench.guard.counts == {"route.classify": 1}


async def test_a_message_that_breaks_when_looked_at_has_no_id(make_bench):
    class Hostile:
        def __getattr__(self, name):
            raise OurError(name)

    bench = make_bench()
    bench.adapter.register("ping", legacy=legacy, new=new, category="utility")
    bench.share(enabled=100, integration=100, utility=99.99)
    assert await bench.adapter.process_command(Hostile(), "ping", ()) == "legacy"
    assert bench.recorder.calls[0].trace.reason is Reason.NO_ID
    assert bench.guard.counts == {"route.id": 1}


class BrokenRouter:
    system = "ddd"
    choose = staticmethod(broken)
    fallback = staticmethod(broken)

    def register(self, *_args, **_kwargs):
        pass


@pytest.mark.parametrize(
    ("handlers", "result", "system"),
    [
        ({"legacy": legacy, "new": new}, "legacy", LEGACY),
        ({"legacy": legacy}, "legacy", LEGACY),
        ({"new": new}, "new", "ddd"),
    ],
)
async def test_when_the_choice_fails_legacy_answers_if_there_is_one(
    make_bench, handlers, result, system
):
    bench = make_bench()
    bench.adapter._router = BrokenRouter()
    bench.adapter.register("ping", **handlers)
    assert await bench.adapter.process_command(bench.message(), "ping", ()) == result
    (call,) = bench.recorder.calls
    assert (call.system, call.trace) == (system, Trace(Reason.DOUBT))
    assert bench.guard.counts == {"route.choose": 1}


async def test_when_the_question_for_a_fallback_fails_the_bots_error_leaves(make_bench):
    error = BoomError()

    async def handler(_message, _args):
        raise error

    bench = make_bench()
    bench.adapter._router = BrokenRouter()
    bench.adapter.register("ping", new=handler, safe_to_repeat=True)
    with pytest.raises(BoomError) as caught:
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert caught.value is error
    assert error.__context__ is None


async def test_a_broken_loop_callback_is_counted_once_and_the_call_goes_on(make_bench):
    bench = make_bench(options={"on_loop": broken})
    bench.adapter.register("ping", legacy=legacy)
    for _ in range(3):
        assert await bench.adapter.process_command(bench.message(), "ping", ()) == "legacy"
    assert bench.guard.counts == {"route.on_loop": 1}
