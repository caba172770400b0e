"""What the report of a sweep says in sentences."""

from collections import Counter
from statistics import mean
from typing import Any, NamedTuple

from vsr.display.formats import count, duration, is_number, measured, p_value, signed_interval
from vsr.reports.sweep.choice import Choice, choose, command_of
from vsr.reports.sweep.files import FOLD, STATES, Sweep
from vsr.reports.sweep.groups import Verdict, groups
from vsr.reports.sweep.importance import LEAST_RUNS, Explained
from vsr.reports.sweep.overrides import as_text, shown
from vsr.reports.sweep.scales import scale_of

Fact = tuple[str, str, bool]
FOLDS_SHARE = "Folds share training pictures: intervals and p over them are a little too sure."
SURE = 0.05  # p-value below which a difference counts as more than luck
_LEAST_R2 = 0.1  # below which importances say nothing
_EDGE = 0.02  # of an axis, from its ends


def heading(sweep: Sweep, choice: Choice | None) -> str:
    """The sweep in one line."""
    runs = _many(len(sweep.trials), "run")
    if choice is None:
        return f"{runs}, none finished yet"
    if not choice.over:
        return f"{runs}, best {sweep.metric} {measured(choice.value)}"
    value = f"{measured(choice.value)} ± {measured(choice.half)}"
    return f"{runs}, best mean {sweep.metric} {value} over {choice.over}"


def best_line(sweep: Sweep) -> str:
    """The best run, or the best mean, with the jobs and overrides of it; empty where none finished."""
    choice = choose(sweep, groups(sweep) if sweep.repeated else [])
    if choice is None:
        return ""
    several, first = bool(choice.over), choice.trials[0]
    left_out = sweep.repeated if several else []
    told = [f"{key}={as_text(one)}" for key, one in first.overrides.items() if key not in left_out]
    if several:
        jobs = ", ".join(str(one.number) for one in choice.trials)
        value = f"{choice.value:.4f} (sd {choice.sd:.4f}), jobs {jobs}"
        return f"Best mean of {sweep.metric} over {choice.over}: {value}  {' '.join(told)}".rstrip()
    return f"Best {sweep.metric}: {choice.value:.4f}, job {first.number}  {' '.join(told)}".rstrip()


def states(sweep: Sweep) -> str:
    """How many runs are in which state."""
    counted = Counter(one.state for one in sweep.trials)
    return ", ".join(f"{counted[state]} {state}" for state in STATES if counted[state])


def warnings(sweep: Sweep, choice: Choice | None) -> list[dict[str, Any]]:
    """What a reader has to know before believing the figures."""
    found: list[dict[str, Any]] = []
    on_test = sweep.metric.startswith("test/")
    if on_test or (choice and any(one.get("chosen_on") == "test" for one in choice.summaries)):
        text = "Runs or checkpoints were chosen on test. Its figures are too good: choose on val."
        found.append({"text": text, "names": []})
    begun = [untrained for one in choice.trials if (untrained := one.untrained) is not None] if choice else []
    if choice and len(begun) == len(choice.trials) and sweep.loss(choice.value) >= sweep.loss(mean(begun)):
        values = f"{measured(choice.value)} against {measured(mean(begun))}"
        text = f"The best is no better than the untrained network: {sweep.metric} {values}. Train longer."
        found.append({"text": text, "names": []})
    failed = [one for one in sweep.trials if one.state == "failed"]
    if failed:
        names = [f"{one.number}: {one.error or 'no error was put down'}" for one in failed]
        found.append({"text": f"{_many(len(failed), 'run')} failed.", "names": names})
    running = [str(one.number) for one in sweep.trials if one.state == "running"]
    if running:
        verb = "has" if len(running) == 1 else "have"
        which = ", ".join(running[:20]) + (", …" if len(running) > 20 else "")
        text = f"{_many(len(running), 'run')} {verb} not finished (under way, or killed): {which}."
        found.append({"text": text, "names": []})
    return found


class Judgment(NamedTuple):
    """Whether the best really beats the second: in few words, what that rests on, what would tell more."""

    lead: str
    why: str
    command: str = ""


def judge(sweep: Sweep, found: Verdict | None, choice: Choice | None) -> Judgment:
    """The verdict in words."""
    if choice is None:
        return Judgment("Nothing to choose from yet", "Write this report again when a run has finished.")
    if not sweep.repeated:
        return _one_seed(sweep, choice)
    if found is None:
        return Judgment("One configuration", "There is no second one to hold it against.")
    if not found.test:
        return Judgment("No test is possible", f"{found.reason[:1].upper()}{found.reason[1:]}.")
    ends = found.interval if sweep.maximize else (-found.interval[1], -found.interval[0])
    figures = (
        f"{found.best.name} is {measured(abs(found.gain))} ahead of {found.second.name} on {sweep.metric}, "
        f"95 % interval {signed_interval(ends)}, p = {p_value(found.p)}, {found.test} "
        f"(n = {found.best.n} and {found.second.n})."
    )
    if found.p < SURE:
        rest = "Not corrected for having picked these two of several."
        if FOLD in sweep.repeated:
            rest += f" {FOLDS_SHARE}"
        return Judgment("The best beats the second", f"{figures} {rest}")
    over = sweep.repeats
    rest = f"{over.capitalize()} alone differ by as much: take either, or run more seeds of both."
    return Judgment("The best may not be better than the second", f"{figures} {rest}")


def _one_seed(sweep: Sweep, choice: Choice) -> Judgment:
    if len(sweep.complete) < 2:
        return Judgment("One finished run", "There is nothing yet to hold it against.")
    best, second = sweep.complete[:2]
    gain = abs((best.value or 0.0) - (second.value or 0.0))
    why = (
        f"Run {best.number} is {measured(gain)} ahead of run {second.number}, and how much another seed "
        "changes is not known. Run the best few again with several seeds, such as:"
    )
    again = command_of(sweep, choice.trials[0].overrides, values="01234")
    return Judgment("One seed, so no test is possible", why, again)


def importance_text(sweep: Sweep, found: Explained | None) -> str:
    """How the importances were found, and what they cannot say."""
    if found is None:
        return (
            f"Importance takes at least {LEAST_RUNS} finished runs with different values; "
            f"there are {len(sweep.complete)}."
        )
    how = (
        "Permutation importance of a random forest, out of bag (Breiman 2001): the forest predicts runs that "
        "it was grown without, and predicts them worse when a hyper-parameter's values are shuffled. From "
        f"{found.runs} finished runs, of whose variance in {sweep.metric} it predicts "
        f"{100 * max(found.r2, 0):.0f} %."
    )
    if found.r2 <= _LEAST_R2:
        how += " That is next to nothing: do not read the bars."
    return (
        f"{how} The bars say what mattered over the values tried; they leave out runs that were pruned or "
        "failed, and hyper-parameters that were varied together share what they have in common."
    )


def edges(sweep: Sweep, choice: Choice | None) -> list[str]:
    """Hyper-parameters whose best value lies at an end of what was tried."""
    if choice is None:
        return []
    found = []
    for key in sweep.keys:
        value, scale = choice.trials[0].overrides.get(key), scale_of(sweep, key)
        if not is_number(value) or len({as_text(one.overrides.get(key)) for one in sweep.complete}) < 3:
            continue
        places = (
            [place for place, _ in scale.ticks()]
            if scale.levels
            else [scale.place(scale.low), scale.place(scale.high)]
        )
        here = scale.place(value)
        if here <= min(places) + _EDGE or here >= max(places) - _EDGE:
            end = "lowest" if here <= min(places) + _EDGE else "highest"
            found.append(f"The best {key} is the {end} that was tried ({shown(value)}): look beyond it.")
    return found


def facts(sweep: Sweep) -> list[Fact]:
    """What was swept and how: a label, a value, whether it is to be typed as it stands."""
    seconds = [one.seconds for one in sweep.trials if is_number(one.seconds)]
    constant = " ".join([*sweep.fixed, *(f"{key}={as_text(one)}" for key, one in sweep.constant.items())])
    listed = [
        ("runs", states(sweep), False),
        ("chosen by", f"{sweep.metric}, {'the higher' if sweep.maximize else 'the lower'} the better", False),
        ("sampler", sweep.sampler, False),
        ("in all runs", constant, True),
        ("time", duration(sum(seconds)) + " in all runs together" if seconds else "", False),
        ("command", sweep.command, True),
        ("folder", str(sweep.folder.resolve()), True),
    ]
    return [(label, value, typed) for label, value, typed in listed if value]


def tried(sweep: Sweep, key: str) -> str:
    """The values of a hyper-parameter that were to be tried."""
    told, scale = sweep.space.get(key) or {}, scale_of(sweep, key)
    if scale.levels:
        return ", ".join(scale.names)
    words = f"{shown(float(scale.low))} to {shown(float(scale.high))}"
    return words + (", log" if scale.log else "") + (", whole numbers" if told.get("int") else "")


def _many(n: int, noun: str) -> str:
    return f"{count(n)} {noun}{'' if n == 1 else 's'}"
