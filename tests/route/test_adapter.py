import asyncio
import contextlib
import gc
import traceback
import types
import weakref
from itertools import product

import pytest

from changeover.core.errors import BadValueError, ChangeoverError
from changeover.core.model import LEGACY, OTHER, UNKNOWN, Kind, Outcome, Reason, Trace
from changeover.route.assignment import bucket_of
from changeover.route.command import UnknownCommandError

P = "ddd.commands."


class BoomError(Exception):
    pass


async def legacy(message, args):
    return "legacy", message, args


async def new(message, args):
    return "new", message, args


def failing(error):
    async def handler(_message, _args):
        raise error

    return handler


@pytest.fixture
def adapter(bench):
    bench.adapter.register("ping", legacy=legacy, new=new, category="utility")
    return bench.adapter


# --- routing and results --------------------------------------------------------------------


async def test_message_and_args_reach_the_handler_and_its_result_comes_back(bench, adapter):
    message, args = bench.message(), ["a", 1]
    assert await adapter.process_command(message, "ping", args) == ("legacy", message, args)
    bench.all_on()
    result = await adapter.process_command(message, "ping", args)
    assert result[0] == "new"
    assert result[1] is message
    assert result[2] is args


async def test_a_flag_changed_at_run_time_counts_from_the_next_call_on(bench, adapter):
    answers = []
    for share in (0, 100, 0):
        bench.share(enabled=100, integration=100, ping=share)
        answers.append((await adapter.process_command(bench.message(), "ping", ()))[0])
    assert answers == ["legacy", "new", "legacy"]


def sync(_message, _args):
    return "sync"


def returns_a_future(_message, _args):
    future = asyncio.get_running_loop().create_future()
    future.set_result("future")
    return future


@types.coroutine
def old_style(_message, _args):
    yield from ()
    return "old style"


class Callable:
    async def __call__(self, _message, _args):
        return "object"


@pytest.mark.parametrize(
    ("handler", "result"),
    [
        (sync, "sync"),
        (returns_a_future, "future"),
        (old_style, "old style"),
        (Callable(), "object"),
        (lambda _message, _args: None, None),
    ],
)
async def test_sync_and_async_handlers_of_every_make_are_run(bench, handler, result):
    bench.adapter.register("any", legacy=handler)
    assert await bench.adapter.process_command(bench.message(), "any", ()) == result
    assert bench.recorder.calls[0].outcome is Outcome.OK


async def test_a_result_that_raises_when_it_is_looked_at_is_passed_on(bench):
    class Proxy:
        @property
        def __class__(self):
            raise RuntimeError("no context here")

    proxy = Proxy()
    bench.adapter.register("lazy", legacy=lambda _message, _args: proxy)
    assert await bench.adapter.process_command(bench.message(), "lazy", ()) is proxy


# --- records -----------------------------------------------------------------------------------


async def test_a_call_is_recorded_with_system_duration_trace_and_kind(bench):
    async def slow(_message, _args):
        bench.clock.advance(0.25)
        bench.clock.set_wall(0)

    bench.adapter.register("ping", legacy=legacy, new=slow, category="utility")
    bench.share(enabled=100, integration=100, utility=99.99)
    await bench.adapter.process_command(bench.message(42), "ping", (), kind=Kind.SLASH)
    bucket = bucket_of(P + "utility", 42) / 100
    trace = Trace(Reason.FLAG, P + "utility", 99.99, bucket)
    assert bench.recorder.calls == [
        ("ping", "ddd", 0.25, True, None, Outcome.OK, trace, Kind.SLASH)
    ]
    assert bench.recorder.checks == [(P + "utility", True, "ping", trace)]


async def test_the_flag_check_tells_the_flag_that_decided_and_its_own_value(bench, adapter):
    await adapter.process_command(bench.message(), "ping", ())
    bench.share(enabled=100, integration=100, ping=0, utility=100)
    await adapter.process_command(bench.message(), "ping", ())
    assert [(asked.flag, asked.enabled) for asked in bench.recorder.checks] == [
        (P + "enabled", False),
        (P + "ping", False),
    ]


async def test_no_check_is_recorded_where_no_flag_was_asked(bench):
    bench.adapter.register("old", legacy=legacy)
    bench.adapter.register("fresh", new=new)
    await bench.adapter.process_command(bench.message(), "old", ())
    await bench.adapter.process_command(bench.message(), "fresh", ())
    assert bench.recorder.checks == []
    assert [(call.system, call.trace.reason) for call in bench.recorder.calls] == [
        (LEGACY, Reason.NO_NEW_HANDLER),
        ("ddd", Reason.NO_LEGACY_HANDLER),
    ]


async def test_an_unregistered_command_is_recorded_without_its_name_and_says_so(bench, adapter):
    with pytest.raises(UnknownCommandError, match="'pnig' is not registered") as caught:
        await adapter.process_command(bench.message(), "pnig", ())
    assert isinstance(caught.value, (ChangeoverError, LookupError))
    (call,) = bench.recorder.calls
    assert call[:6] == (OTHER, UNKNOWN, 0, False, None, Outcome.NOT_FOUND)
    assert "pnig" not in adapter
    assert "ping" in adapter


@pytest.mark.parametrize("command", [None, ["ping"], 7, "x" * 5_000])
async def test_what_cannot_be_a_command_is_unknown_like_any_other(bench, adapter, command):
    with pytest.raises(UnknownCommandError) as caught:
        await adapter.process_command(bench.message(), command, ())
    assert len(caught.value.command) <= 64
    assert bench.recorder.calls[0].command == OTHER


# --- the bot's exceptions --------------------------------------------------------------------


class DeniedError(Exception):
    changeover_outcome = Outcome.DENIED


class ToldError(Exception):
    def __init__(self):
        self.changeover_outcome = "user_error"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (BoomError(), Outcome.FAILURE),
        (TimeoutError(), Outcome.TIMEOUT),
        (DeniedError(), Outcome.DENIED),
        (ToldError(), Outcome.USER_ERROR),
        (asyncio.CancelledError(), Outcome.CANCELLED),
        (ExceptionGroup("two", [BoomError(), BoomError()]), Outcome.FAILURE),
        (UnknownCommandError("x"), Outcome.NOT_FOUND),
    ],
)
@pytest.mark.parametrize("system", ["legacy", "new"])
async def test_the_handlers_own_exception_leaves_untouched_and_is_classified(
    bench, error, outcome, system
):
    bench.adapter.register("ping", legacy=failing(error), new=failing(error), category="utility")
    if system == "new":
        bench.all_on()
    with pytest.raises(type(error)) as caught:
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert caught.value is error
    assert error.__context__ is None
    assert error.__cause__ is None
    (call,) = bench.recorder.calls
    assert (call.success, call.error, call.outcome) == (False, error, outcome)


async def test_one_frame_of_ours_is_all_that_a_traceback_shows(bench):
    bench.adapter.register("ping", legacy=failing(BoomError()))
    with pytest.raises(BoomError) as caught:
        await bench.adapter.process_command(bench.message(), "ping", ())
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[1:] == ["process_command", "handler"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_passes_and_is_no_failure(bench, ending):
    error = ending()
    bench.adapter.register("ping", legacy=failing(error))
    call = bench.adapter.process_command(bench.message(), "ping", ())
    with pytest.raises(ending) as caught:
        call.send(None)  # by hand: a loop would stop at these
    assert caught.value is error
    assert bench.recorder.calls[0].outcome is Outcome.CANCELLED


async def test_a_cancelled_call_is_cancelled_and_recorded(bench):
    started = asyncio.Event()

    async def waits(_message, _args):
        started.set()
        await asyncio.Event().wait()

    bench.share(enabled=100, integration=100, fallbackOnError=100, utility=100)
    bench.adapter.register(
        "ping", legacy=legacy, new=waits, category="utility", safe_to_repeat=True
    )
    task = asyncio.create_task(bench.adapter.process_command(bench.message(), "ping", ()))
    await started.wait()
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert caught.value.args == ("enough",)
    assert [(call.system, call.outcome) for call in bench.recorder.calls] == [
        ("ddd", Outcome.CANCELLED)
    ]


def test_a_call_that_is_dropped_halfway_is_recorded_as_cancelled(bench):
    @types.coroutine
    def pause():
        yield

    async def waits(_message, _args):
        await pause()

    bench.adapter.register("ping", legacy=waits)
    call = bench.adapter.process_command(bench.message(), "ping", ())
    call.send(None)
    call.close()
    assert [call.outcome for call in bench.recorder.calls] == [Outcome.CANCELLED]


async def test_an_error_is_let_go_as_soon_as_everybody_has_seen_it(bench):
    """Without the garbage collector, so also no cycle through our frame is left."""
    errors = []

    async def handler(_message, _args):
        error = BoomError()
        errors.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    bench.adapter.register("ping", legacy=handler)
    gc.disable()
    try:
        with contextlib.suppress(BoomError):
            await bench.adapter.process_command(bench.message(), "ping", ())
        bench.recorder.calls.clear()
        assert errors[0]() is None
    finally:
        gc.enable()


# --- fallback -------------------------------------------------------------------------------


def expected_fallback(flag, safe, has_legacy, error):
    return flag == 100 and safe and has_legacy and isinstance(error, (BoomError, TimeoutError))


ERRORS = (BoomError, TimeoutError, DeniedError, asyncio.CancelledError)


@pytest.mark.parametrize("error_type", ERRORS)
async def test_every_combination_of_flag_safety_and_handlers_falls_back_or_not(
    make_bench, error_type
):
    for flag, safe, has_legacy in product((None, 0, 100), (False, True), (False, True)):
        bench, error = make_bench(), error_type()
        bench.share(enabled=100, integration=100, utility=100, fallbackOnError=flag)
        bench.adapter.register(
            "ping",
            legacy=legacy if has_legacy else None,
            new=failing(error),
            category="utility",
            safe_to_repeat=safe,
        )
        process = bench.adapter.process_command(bench.message(), "ping", ())
        if expected_fallback(flag, safe, has_legacy, error):
            assert (await process)[0] == "legacy"
        else:
            with pytest.raises(error_type) as caught:
                await process
            assert caught.value is error
        assert [call.system for call in bench.recorder.calls] == ["ddd"]


async def test_a_fallback_is_one_record_that_of_the_failure(bench):
    async def slow_failure(_message, _args):
        bench.clock.advance(2)
        raise BoomError

    async def slow_legacy(_message, _args):
        bench.clock.advance(1)
        return "fine"

    bench.share(enabled=100, integration=100, utility=100, fallbackOnError=100)
    bench.adapter.register(
        "ping", legacy=slow_legacy, new=slow_failure, category="utility", safe_to_repeat=True
    )
    assert await bench.adapter.process_command(bench.message(), "ping", ()) == "fine"
    [failed] = bench.recorder.calls
    assert (failed.system, failed.duration, failed.outcome) == ("ddd", 2, Outcome.FAILURE)
    assert [asked.flag for asked in bench.recorder.checks] == [P + "utility", P + "fallbackOnError"]
    assert bench.recorder.checks[1].trace[:3] == (Reason.FALLBACK, P + "fallbackOnError", 100)
    assert bench.router.counts[Reason.FALLBACK] == 1


async def test_if_both_fail_the_error_of_legacy_leaves_as_if_alone(bench):
    first, second = BoomError("new"), BoomError("legacy")
    bench.share(enabled=100, integration=100, utility=100, fallbackOnError=100)
    bench.adapter.register(
        "ping",
        legacy=failing(second),
        new=failing(first),
        category="utility",
        safe_to_repeat=True,
    )
    with pytest.raises(BoomError) as caught:
        await bench.adapter.process_command(bench.message(), "ping", ())
    assert caught.value is second
    assert second.__context__ is None
    assert [call.error for call in bench.recorder.calls] == [first]


async def test_nothing_more_is_started_in_a_task_that_is_being_cancelled(bench):
    started = asyncio.Event()

    async def turns_cancellation_into_an_error(_message, _args):
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise BoomError from None

    bench.share(enabled=100, integration=100, utility=100, fallbackOnError=100)
    bench.adapter.register(
        "ping",
        legacy=legacy,
        new=turns_cancellation_into_an_error,
        category="utility",
        safe_to_repeat=True,
    )
    task = asyncio.create_task(bench.adapter.process_command(bench.message(), "ping", ()))
    await started.wait()
    task.cancel()
    with pytest.raises(BoomError):
        await task
    assert [call.system for call in bench.recorder.calls] == ["ddd"]


# --- registration ---------------------------------------------------------------------------


async def test_decorators_register_and_leave_the_functions_alone(bench):
    @bench.adapter.legacy("grp sub", category="utility")
    async def one(_message, _args):
        return 1

    @bench.adapter.new("grp sub", safe_to_repeat=True)
    def two(_message, _args):
        return 2

    bench.all_on()
    assert await one(None, ()) == 1
    assert two(None, ()) == 2
    assert await bench.adapter.process_command(bench.message(), "grp sub", ()) == 2
    (state,) = bench.router.states()
    assert (state.command, state.category, state.has_legacy, state.has_new) == (
        "grp sub",
        "utility",
        True,
        True,
    )
    assert state.safe_to_repeat


async def test_a_second_registration_adds_and_replaces(bench, adapter):
    adapter.register("ping", legacy=sync)
    assert await adapter.process_command(bench.message(), "ping", ()) == "sync"
    bench.all_on()
    assert (await adapter.process_command(bench.message(), "ping", ()))[0] == "new"


@pytest.mark.parametrize(
    ("command", "handlers"),
    [
        ("ping", {}),
        ("", {"legacy": sync}),
        (" ", {"new": sync}),
        (None, {"new": sync}),
        ("ping", {"new": "not a function"}),
    ],
)
def test_a_registration_that_could_never_run_is_refused(bench, command, handlers):
    with pytest.raises(BadValueError):
        bench.adapter.register(command, **handlers)
    assert bench.router.states() == []
    assert command not in bench.adapter


# --- ids, results, loops ----------------------------------------------------------------------


class Thing:
    def __init__(self, **parts):
        self.__dict__.update(parts)


MESSAGE = Thing(author=Thing(id=1), guild=Thing(id=2), channel=Thing(id=3))
INTERACTION = Thing(user=Thing(id=1), guild=None, channel=Thing(id="3"))


@pytest.mark.parametrize(
    ("sticky_by", "message", "id_"),
    [
        ("user", MESSAGE, 1),
        ("guild", MESSAGE, 2),
        ("channel", MESSAGE, 3),
        ("user", INTERACTION, 1),
        ("guild", INTERACTION, None),
        ("channel", INTERACTION, 3),
        ("user", Thing(author=Thing(id=None)), None),
        ("user", None, None),
        ("user", {"author": 1}, None),
        (lambda message: message.guild.id * 100, MESSAGE, 200),
    ],
)
async def test_a_share_goes_by_the_chosen_id_of_the_message(
    make_bench, strict_guard, sticky_by, message, id_
):
    bench = make_bench(guard=strict_guard, options={"sticky_by": sticky_by})
    bench.adapter.register("ping", legacy=legacy, new=new, category="utility")
    bench.share(enabled=100, integration=100, utility=50)
    await bench.adapter.process_command(message, "ping", ())
    trace = bench.recorder.calls[0].trace
    if id_ is None:
        assert trace == Trace(Reason.NO_ID, P + "utility", 50)
    else:
        assert trace.bucket == bucket_of(P + "utility", id_) / 100


def test_an_id_that_nobody_knows_is_refused_at_once(make_bench):
    with pytest.raises(BadValueError, match="user, guild or channel"):
        make_bench(options={"sticky_by": "shard"})


async def test_a_result_may_say_that_the_handler_caught_an_error_itself(make_bench):
    def judge(result):
        return Outcome.OK if result["ok"] else "failure"

    bench = make_bench(options={"classify_result": judge})
    bench.adapter.register("ping", legacy=lambda _message, args: {"ok": args})
    for ok in (True, False):
        result = await bench.adapter.process_command(bench.message(), "ping", ok)
        assert result == {"ok": ok}
    assert [call.outcome for call in bench.recorder.calls] == [Outcome.OK, Outcome.FAILURE]


def test_each_loop_is_reported_once_and_on_itself(make_bench):
    seen = []

    def on_loop(loop):
        assert asyncio.get_running_loop() is loop
        seen.append(loop)

    bench = make_bench(options={"on_loop": on_loop})
    bench.adapter.register("ping", legacy=legacy)

    async def calls():
        for _ in range(3):
            await bench.adapter.process_command(bench.message(), "ping", ())
        return asyncio.get_running_loop()

    first, second = asyncio.run(calls()), asyncio.run(calls())
    assert seen == [first, second]


def test_without_asyncio_a_call_runs_as_well(make_bench, strict_guard):
    seen = []
    bench = make_bench(guard=strict_guard, options={"on_loop": seen.append})
    bench.share(enabled=100, integration=100, utility=100, fallbackOnError=100)
    bench.adapter.register(
        "ping", legacy=legacy, new=failing(BoomError()), category="utility", safe_to_repeat=True
    )
    with pytest.raises(StopIteration) as caught:
        bench.adapter.process_command(bench.message(), "ping", ()).send(None)
    assert caught.value.value[0] == "legacy"
    assert seen == []
