"""Rules: what a host decides otherwise than it would, declared beforehand, for the exchanges that a `when` names.

A rule changes a decision before it is committed; a fault damages a reply afterwards. So what a rule declines is never
booked::

    [[rule]]
    name = "poor after ten yuan"
    when = { service = "sale", amount = ">10.00" }
    then = { code = "51" }
    times = 1

Rules are asked once the host itself has decided: about a request that is well formed, of a known terminal, signed on,
with a right MAC, and no repeat. What fails before that is refused as ever; a repeat gets its stored answer.
"""

from acquirer.scenario.rules.engine import Rules, RuleSet, Ruling
from acquirer.scenario.rules.rule import Rule, Then

__all__ = ["Rule", "RuleSet", "Rules", "Ruling", "Then"]
