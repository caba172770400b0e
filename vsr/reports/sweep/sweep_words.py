"""The sentences of a sweep's report."""

from collections import Counter
from statistics import mean

from vsr.display.document import Caution, Fact
from vsr.display.formats import count, duration, is_number, measured, p_value, signed_interval
from vsr.reports.sweep.groups import Verdict, groups
from vsr.reports.sweep.importance import LEAST_RUNS
from vsr.reports.sweep.overrides import as_text, shown
from vsr.reports.sweep.sweep_choice import ChosenRuns, Findings, choose, command_of
from vsr.reports.sweep.sweep_records import FOLD, STATES, SweepRecord
from vsr.reports.sweep.value_scales import scale_of

FOLDS_SHARE = "Folds share training pictures: intervals and p over them are slightly too optimistic."
SURE = 0.05  # p-value below which a difference counts as more than chance
_LEAST_R2 = 0.1  # below which importances mean nothing
_EDGE = 0.02  # of an axis, from its ends
_MOST_NUMBERS = 20


def heading(found: Findings) -> str:
    """The sweep in one line."""
    runs, choice, metric = _many(len(found.sweep.runs), "run"), found.choice, found.sweep.metric
    if choice is None:
        return f"{runs}, none finished yet"
    if not choice.over:
        return f"{runs}, best {metric} {measured(choice.value)}"
    return f"{runs}, best mean {metric} {measured(choice.value)} ± {measured(choice.half)} over {choice.over}"


def best_line(sweep: SweepRecord) -> str:
    """The best run, or the best mean, with its jobs and overrides; empty if none finished."""
    choice = choose(sweep, groups(sweep) if sweep.repeated else [])
    if choice is None:
        return ""
    several, first = bool(choice.over), choice.runs[0]
    left_out = sweep.repeated if several else []
    told = " ".join(f"{key}={as_text(one)}" for key, one in first.overrides.items() if key not in left_out)
    if several:
        jobs = ", ".join(str(one.number) for one in choice.runs)
        value = f"{choice.value:.4f} (sd {choice.sd:.4f}), jobs {jobs}"
        return f"Best mean of {sweep.metric} over {choice.over}: {value}  {told}".rstrip()
    return f"Best {sweep.metric}: {choice.value:.4f}, job {first.number}  {told}".rstrip()


def cautions(found: Findings) -> list[Caution]:
    """What a reader has to know before believing the numbers."""
    sweep, choice, told = found.sweep, found.choice, []
    if sweep.metric.startswith("test/") or (
        choice and any(one.get("chosen_on") == "test" for one in choice.summaries)
    ):
        text = "Runs or checkpoints were chosen on test, so its metrics are too good: choose on val."
        told.append(Caution(text))
    if choice and (text := _untrained(sweep, choice)):
        told.append(Caution(text))
    failed = [
        f"{one.number}: {one.error or 'no error recorded'}" for one in sweep.runs if one.state == "failed"
    ]
    if failed:
        told.append(Caution(f"{_many(len(failed), 'run')} failed.", failed))
    running = [str(one.number) for one in sweep.runs if one.state == "running"]
    if running:
        verb = "has" if len(running) == 1 else "have"
        which = ", ".join([*running[:_MOST_NUMBERS], *(["…"] if len(running) > _MOST_NUMBERS else [])])
        text = f"{_many(len(running), 'run')} {verb} not finished (still running, or killed): {which}."
        told.append(Caution(text))
    return told


def _untrained(sweep: SweepRecord, choice: ChosenRuns) -> str:
    begun = [untrained for one in choice.runs if (untrained := one.untrained) is not None]
    if len(begun) < len(choice.runs) or sweep.loss(choice.value) < sweep.loss(mean(begun)):
        return ""
    values = f"{measured(choice.value)} against {measured(mean(begun))}"
    return f"The best is no better than the untrained network: {sweep.metric} {values}. Train longer."


def judge(found: Findings) -> tuple[str, str, str]:
    """Whether the best beats the second: in few words, the evidence, and the command that would tell more."""
    sweep, choice, tested = found.sweep, found.choice, found.verdict
    if choice is None:
        return "Nothing to choose from yet", "Write this report again when a run has finished.", ""
    if not sweep.repeated:
        return _one_seed(sweep, choice)
    if tested is None:
        return "One configuration", "There is no second one to compare it with.", ""
    if not tested.test:
        return "No test is possible", f"{tested.reason[:1].upper()}{tested.reason[1:]}.", ""
    figures = _tested(sweep, tested)
    if tested.p < SURE:
        folds = f" {FOLDS_SHARE}" if FOLD in sweep.repeated else ""
        rest = f"Not corrected for having selected these two among several.{folds}"
        return "The best beats the second", f"{figures} {rest}", ""
    rest = f"{sweep.repeats.capitalize()} alone differ by as much: take either, or run more seeds of both."
    return "The best may not be better than the second", f"{figures} {rest}", ""


def _tested(sweep: SweepRecord, found: Verdict) -> str:
    ends = found.interval if sweep.maximize else (-found.interval[1], -found.interval[0])
    return (
        f"{found.best.name} is {measured(abs(found.gain))} ahead of {found.second.name} on {sweep.metric}, "
        f"95% interval {signed_interval(ends)}, p = {p_value(found.p)}, {found.test} "
        f"(n = {found.best.n} and {found.second.n})."
    )


def _one_seed(sweep: SweepRecord, choice: ChosenRuns) -> tuple[str, str, str]:
    if len(sweep.complete) < 2:
        return "One finished run", "There is nothing to compare it with yet.", ""
    best, second = sweep.complete[:2]
    gain = abs((best.value or 0.0) - (second.value or 0.0))
    why = (
        f"Run {best.number} is {measured(gain)} ahead of run {second.number}, and how much another seed "
        "changes is unknown. Run the best few again with several seeds, for example:"
    )
    return "One seed, so no test is possible", why, command_of(sweep, best.overrides, values="01234")


def importance_text(found: Findings) -> str:
    """How the importances were computed, and what they cannot say."""
    sweep, explained = found.sweep, found.explained
    if explained is None:
        return (
            f"Importance needs at least {LEAST_RUNS} finished runs with different values; "
            f"there are {len(sweep.complete)}."
        )
    how = (
        "Permutation importance of a random forest, out of bag (Breiman 2001): the forest predicts runs that "
        "it was grown without, and predicts them worse when the values of a hyperparameter are shuffled. "
        f"It was grown on {explained.runs} finished runs and predicts {max(explained.r2, 0):.0%} of their "
        f"variance in {sweep.metric}."
    )
    if explained.r2 <= _LEAST_R2:
        how += " That is almost nothing: ignore the bars."
    return (
        f"{how} The bars say what mattered over the values tried; pruned and failed runs are left out, and "
        "hyperparameters that were varied together share their importance."
    )


def edges(found: Findings) -> list[str]:
    """Hyperparameters whose best value lies at an end of the values tried."""
    sweep, told = found.sweep, []
    for key in sweep.keys if found.choice else ():
        value, scale = found.chosen[0].overrides.get(key), scale_of(sweep, key)
        if not is_number(value) or len({as_text(one.overrides.get(key)) for one in sweep.complete}) < 3:
            continue
        ends = scale.ticks() if scale.levels else [(scale.place(one), "") for one in (scale.low, scale.high)]
        places, here = [place for place, _ in ends], scale.place(value)
        if here <= min(places) + _EDGE or here >= max(places) - _EDGE:
            end = "lowest" if here <= min(places) + _EDGE else "highest"
            told.append(f"The best {key} is the {end} that was tried ({shown(value)}): try beyond it.")
    return told


def facts(sweep: SweepRecord) -> list[Fact]:
    """What was swept, and how."""
    counted = Counter(one.state for one in sweep.runs)
    seconds = [one.seconds for one in sweep.runs if is_number(one.seconds)]
    constant = " ".join([*sweep.fixed, *(f"{key}={as_text(one)}" for key, one in sweep.constant.items())])
    return [
        ("runs", ", ".join(f"{counted[state]} {state}" for state in STATES if counted[state]), False),
        ("chosen by", f"{sweep.metric}, {'higher' if sweep.maximize else 'lower'} is better", False),
        ("sampler", sweep.sampler, False),
        ("in all runs", constant, True),
        ("time", f"{duration(sum(seconds))} over all runs" if seconds else "", False),
        ("command", sweep.command, True),
        ("folder", str(sweep.folder.resolve()), True),
    ]


def tried(sweep: SweepRecord, key: str) -> str:
    """The values of a hyperparameter that the sweep may try."""
    told, scale = sweep.space.get(key) or {}, scale_of(sweep, key)
    if scale.levels:
        return ", ".join(scale.names)
    words = f"{shown(float(scale.low))} to {shown(float(scale.high))}"
    return words + (", log" if scale.log else "") + (", integers" if told.get("int") else "")


def _many(n: int, noun: str) -> str:
    return f"{count(n)} {noun}{'' if n == 1 else 's'}"
