"""One way to say which exchanges are meant: rules, faults, queries of the journal and assertions all take a `when`.

A condition is written as a table (``when = { service = "sale", amount = ">10.00" }``, `when`) or as a text for people
(``service=sale & amount>10.00``, `filter_text`). Both become one expression (`expression`), which is compiled once into
a predicate over a `Subject`: a request that is being decided, or an entry of the journal.
"""
