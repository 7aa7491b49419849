from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.criteria import (
    executions_needed,
    missing_baseline,
    missing_proof,
    stands_against,
    upper_bound,
)
from changeover.act.plan import REFERENCE, Criteria, Plan, Proof, ScopePlan
from changeover.act.plan_file import load_plan, parse_plan
from changeover.core.errors import SettingsError
from changeover.core.model import CommandState, Reason
from changeover.core.move import Mode, Stage
from changeover.core.verdict import EVERYTHING, Arm, Decision, Verdict


def plan(text):
    return parse_plan(tomllib.loads(text).get("rollout", {}))


def problems(text):
    with pytest.raises(SettingsError) as caught:
        plan(text)
    return [str(problem) for problem in caught.value.problems]


def command(name, category=None, *, has_new=True):
    return CommandState(name, category, True, has_new, 0.0, Reason.NO_FLAG, None)


def verdict(scope, decision="hold", **changes):
    told = {"code": "said", "reason": f"of {scope}"} | changes
    return Verdict(scope=scope, decision=Decision(decision), **told)


BACKWARDS = """
[[rollout.freezes]]
from = 2026-01-02T00:00:00Z
until = 2026-01-01T00:00:00Z
reason = "x"
"""


# --- the file ---------------------------------------------------------------------------------


def test_without_a_table_the_plan_is_the_default(tmp_path):
    assert load_plan(tmp_path / "none.toml") == Plan()
    assert plan("") == Plan()


def test_every_key_of_a_plan_is_read():
    found = plan("""
        [rollout]
        mode = "approve"
        cooldown = "12h"
        retries = 1
        min_time = "2h"

        [[rollout.scopes]]
        name = "utility"
        ladder = [2.5, 50, 100]

        [[rollout.scopes]]
        name = "auth"
        after = ["utility"]
        mode = "auto"
        min_executions = 7
        bake_time = "1d"
        proof = "clean"
        margin = 0.1
        max_error_rate = 0.02
        baseline = 5

        [[rollout.freezes]]
        from = 2026-12-24T00:00:00Z
        until = "2026-12-27T00:00:00Z"
        reason = "holidays"
    """)
    utility, auth = found.scopes
    assert (utility.ladder, utility.mode, utility.min_time_s) == ((2.5, 50, 100), "approve", 7200)
    assert auth == ScopePlan(
        name="auth", after=("utility",), mode=Mode.AUTO, min_time_s=7200, min_executions=7,
        bake_s=86400, criteria=Criteria(
            proof=Proof.CLEAN, margin=0.1, max_error_ratio=0.02, baseline=5
        ),
    )  # fmt: skip
    assert (found.cooldown_s, found.retries) == (43200, 1)
    assert (found.freezes[0].until_ns - found.freezes[0].from_ns) / 1e9 == 3 * 86400


def test_everything_that_is_wrong_is_said_at_once_with_its_place():
    told = problems("""
        [rollout]
        mod = "auto"
        retries = -1

        [[rollout.scopes]]
        name = "utility"
        ladder = [5, 1, 100]
        mode = "fast"

        [[rollout.scopes]]
        after = ["utilty"]
    """)
    assert len(told) == 6
    assert told[0].startswith("changeover.toml: rollout='mod': expected a key that is one of")
    assert told[0].endswith("for example mode")
    assert "rollout.retries='-1': expected a whole number from 0 to 10" in told[1]
    assert "rollout.scopes.utility.ladder='[5, 1, 100]': expected rising percentages" in told[2]
    assert "rollout.scopes.utility.mode='fast': expected one of manual, approve, auto" in told[3]
    assert "rollout.scopes.2.name" in told[4]
    assert "for example utility" in told[5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rollout = 3", "a table"),
        ("[rollout]\nscopes = 3", "tables"),
        ("[rollout]\nladder = []", "rising percentages"),
        ("[rollout]\nladder = [1, 50]", "the last one 100"),
        ("[rollout]\nladder = [0.001, 100]", "from 0.01"),
        ('[rollout]\nladder = "1, 100"', "rising percentages"),
        ('[rollout]\nmin_time = "soon"', "a whole number and s, m, h or d"),
        ("[rollout]\nretries = true", "a whole number"),
        ('[[rollout.scopes]]\nname = "a"\n[[rollout.scopes]]\nname = "a"', "each scope once"),
        ('[[rollout.scopes]]\nname = "a"\nafter = ["a"]', "waits for itself"),
        (BACKWARDS, "a time after"),
        ('[[rollout.freezes]]\nfrom = 2026-01-02\nuntil = "soon"\nreason = "x"', "with its zone"),
        ("[[rollout.freezes]]\nreason = 'x'", "a time with its zone"),
    ],
)  # fmt: skip
def test_what_makes_no_plan_is_refused(text, said):
    assert any(said in one for one in problems(text))


# --- which scopes -----------------------------------------------------------------------------


def test_the_bot_of_the_reference_goes_by_its_plan():
    commands = [command(name, category) for category in REFERENCE for name in REFERENCE[category]]
    found = Plan().resolved(list(reversed(commands)))
    assert [scope.name for scope in found.scopes] == list(REFERENCE)
    assert [scope.after for scope in found.scopes][1:] == [(n,) for n in list(REFERENCE)[:-1]]
    assert found.scope("personality").min_time_s == 2 * found.scope("utility").min_time_s


def test_any_other_bot_goes_category_by_category_as_registered():
    commands = [command("roll", "games"), command("ban", "admin"), command("coin", "games")]
    commands += [command("alone"), command("old", "attic", has_new=False)]
    assert [s.name for s in Plan().resolved(commands).scopes] == ["games", "admin", "alone"]


def test_a_plan_with_scopes_stays_as_it_was_written():
    written = Plan(scopes=(ScopePlan(name="games"),))
    assert written.resolved([command("ping", "utility")]) == written


@given(st.floats(0, 100), st.integers(0, 10))
def test_the_next_rung_is_higher_or_there_is_none(share, retries):
    scope = ScopePlan(name="utility")
    rung = scope.rung_above(share, retries)
    assert (rung is None) == (share >= 100)
    assert rung is None or rung > share
    assert scope.stage_of(rung or 100.0) is not Stage.OFF


def test_each_retry_begins_half_as_high():
    scope = ScopePlan(name="utility")
    assert [scope.rung_above(0, n) for n in range(8)] == [
        1,
        0.5,
        0.25,
        0.12,
        0.06,
        0.03,
        0.02,
        0.01,
    ]


# --- criteria ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("margin", "needed"), [(0.1, 38), (0.05, 75), (0.02, 188), (0.01, 375)])
def test_a_margin_needs_as_many_clean_executions_as_documented(margin, needed):
    assert executions_needed(0, margin) == needed


@given(st.integers(0, 300))
def test_more_errors_need_more_executions(errors):
    assert upper_bound(errors) > errors
    assert upper_bound(errors + 1) > upper_bound(errors)


@given(
    st.dictionaries(
        st.sampled_from(["ping", "help", EVERYTHING]),
        st.tuples(st.sampled_from(Decision), st.integers(0, 100), st.booleans()),
    ),
    st.sampled_from(Proof),
)
def test_a_rollback_a_doubt_or_no_traffic_never_allow_a_step(said, proof):
    verdicts = {
        name: verdict(name, decision, new=Arm(executions=count), concerns=("odd",) * doubt)
        for name, (decision, count, doubt) in said.items()
    }
    against = stands_against(["ping", "help"], verdicts)
    is_bad = any(one[0] is Decision.ROLLBACK or one[2] for one in said.values())
    assert (against is not None) == is_bad
    missing = missing_proof(["ping", "help"], verdicts, Criteria(proof=proof))
    executions = sum(count for name, (_, count, _) in said.items() if name != EVERYTHING)
    if proof is Proof.CLEAN and executions < 75:
        assert missing is not None
    if proof is Proof.POOLED and said.get(EVERYTHING, (None,))[0] is not Decision.PROMOTE:
        assert missing is not None
    if proof is Proof.EACH and not {"ping", "help"} <= said.keys():
        assert missing is not None


def test_pooled_lets_a_command_lack_executions_and_nothing_else():
    whole = verdict(EVERYTHING, "promote")
    few = verdict("ping", code="too_few_executions", missing=20, new=Arm(executions=18))
    slow = verdict("ping", code="slower", new=Arm(executions=900))
    assert missing_proof(["ping"], {EVERYTHING: whole, "ping": few}, Criteria()) is None
    assert "of ping" in missing_proof(["ping"], {EVERYTHING: whole, "ping": slow}, Criteria())


def test_too_many_errors_hold_whatever_the_judge_says():
    good = verdict("ping", "promote", new=Arm(executions=100, errors=2))
    told = missing_proof(["ping"], {"ping": good, EVERYTHING: verdict("*", "promote")}, Criteria())
    assert told == "errors of the new system are 2.00 %, above 0.01"


def test_the_baseline_counts_legacy_of_the_whole_scope():
    said = {name: verdict(name, legacy=Arm(executions=40)) for name in ("ping", "help")}
    assert missing_baseline(["ping", "help"], said, Criteria(baseline=80)) is None
    told = missing_baseline(["ping", "help"], said, Criteria(baseline=100))
    assert told == "20 more executions of legacy, as the baseline"
