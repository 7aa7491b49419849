from hypothesis import given
from hypothesis import strategies as st

from changeover.route.names import FlagNames, fold


def names(*registered):
    made = FlagNames()
    made.register(*registered)
    return made


def test_dots_hyphens_blanks_and_case_fold_away():
    assert fold("ddd-v2.commands.fallbackOnError x") == "DDD_V2_COMMANDS_FALLBACKONERROR_X"


def test_a_folded_name_maps_back_to_the_one_that_is_registered():
    made = names("ddd.commands.purge-bot", "ddd.commands.fallbackOnError")
    assert made.spelled("DDD_COMMANDS_PURGE_BOT") == ["ddd.commands.purge-bot"]
    assert made.spelled("ddd_commands_fallbackonerror") == ["ddd.commands.fallbackOnError"]


def test_two_names_that_fold_alike_are_both_told():
    assert names("a.b", "a-b").spelled("A_B") == ["a-b", "a.b"]


def test_the_nearest_name_is_found_across_case_and_separators():
    made = names("ddd.commands.utility", "ddd.commands.ping")
    assert made.nearest("DDD-COMMANDS-UTILTY") == "ddd.commands.utility"
    assert made.nearest("something else") is None


def test_a_later_registration_is_nearer():
    made = names("ddd.commands.pin")
    assert made.nearest("ddd.commands.pingg") == "ddd.commands.pin"
    made.register("ddd.commands.ping")
    assert made.nearest("ddd.commands.pingg") == "ddd.commands.ping"


def test_nothing_is_unknown_before_the_commands_are_registered():
    made = FlagNames()
    made.register("ddd.commands.enabled", complete=False)
    assert made.knows("ddd.commands.anything")
    made.register("ddd.commands.ping")
    assert made.knows("ddd.commands.enabled")
    assert not made.knows("ddd.commands.anything")


@given(st.lists(st.text("abAB.-_ ", min_size=1, max_size=6)))
def test_every_registered_name_is_known_and_spelled_by_its_folded_form(registered):
    made = names(*registered)
    for name in registered:
        assert made.knows(name)
        assert name in made.spelled(fold(name))
    assert set(made) == set(registered)
