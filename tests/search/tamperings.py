"""Ways to tamper with a certificate, each changing it in place."""


def _smaller_epsilon_asked(c):
    c["question"]["epsilon"] = 0.05
    c["claim"]["certified_epsilon"] = 0.05


def _other_goal(c):
    c["question"]["goal"] = "best"


def _other_weights(c):
    c["question"]["weights"] = [0.0, 0.0, 1.0]


def _other_nugget(c):
    c["assumptions"]["nugget"] = 0.05


def _other_latency(c):
    c["latency"]["listed_ms"][c["claim"]["cover"][0]] *= 2


def _without_audit_row(c):
    audit = c["audits"][0]
    audit["plan"]["drawn"].pop()
    audit["errors"].pop()
    audit["evaluations"].pop()


def _other_audit_error(c):
    c["audits"][0]["errors"][0] = 1e-6


def _bolder_audit(c):
    c["audits"][0]["uncovered_at_most"] = 0


def _without_failure(c):
    c["audits"][0]["failed"] = [c["audits"][0]["plan"]["drawn"][0]]


def _without_first_audit(c):
    c["audits"][0]["plan"]["number"] = 2
    c["audits"][0]["alpha"] = 0.0125


def _other_draw(c):
    plan = c["audits"][0]["plan"]
    known = {*plan["drawn"], *plan["evaluated"]}
    plan["drawn"][0] = next(i for i in range(c["space"]["count"]) if i not in known)


def _smaller_error(c):
    c["evaluations"][2].update(error=0.001, lower=0.001, upper=0.001)


def _other_size(c):
    member = c["claim"]["cover"][0]
    c["space"]["size"][member] *= 3


def _missing_evaluation(c):
    needed = c["claim"]["cover"][0]
    c["evaluations"] = [e for e in c["evaluations"] if e["index"] != needed]


def _other_space(c):
    c["space"]["labels"] = [*c["space"]["labels"][1:], "else"]


def _smaller_epsilon(c):
    c["claim"]["certified_epsilon"] /= 2


def _smaller_lipschitz(c):
    c["assumptions"]["lipschitz"] = [0.0 for _ in c["assumptions"]["lipschitz"]]


def smaller_cover(c):
    c["claim"]["cover"] = c["claim"]["cover"][:1]


def _other_front(c):
    c["claim"]["front"] = c["claim"]["front"][1:]


def _other_best(c):
    evaluated = [e["index"] for e in c["evaluations"]]
    c["claim"]["best"] = next(i for i in evaluated if i != c["claim"]["best"])


def _bolder_word(c):
    c["claim"]["guarantee"] = "proved"
    c["question"]["lipschitz"] = None


def _invented_evaluation(c):
    known = {e["index"] for e in c["evaluations"]}
    stranger = next(i for i in range(c["space"]["count"]) if i not in known)
    c["evaluations"].append(c["evaluations"][0] | {"index": stranger})


def _lambda(c):
    return next(fact for fact in c["claim"]["ledger"] if fact["code"].startswith("lambda"))


def _refuting_audit_entry(c):
    next(f for f in c["claim"]["ledger"] if f["code"] == "audited")["failed"] = 3


def _without_an_assumption(c):
    c["claim"]["ledger"].remove(_lambda(c))


def _bolder_code(c):
    fact = _lambda(c)
    fact["code"] = "lambda-not-needed"


def _bolder_status(c):
    _lambda(c)["status"] = "checked"


def _other_evidence(c):
    _lambda(c)["record"]["made"] += 9


def _unknown_code(c):
    _lambda(c)["code"] = "lambda-is-fine"


def _prose_in_the_ledger(c):
    c["claim"]["ledger"][0] = ["error on this dev set", "checked", "trust me"]


def _invented_violation(c):
    c["claim"]["violations"] = [[0, 1, 0.3]]


def _other_ending(c):
    c["claim"]["ending"] = "exhausted"


def _not_called_certified(c):
    c["claim"]["is_certified"] = False


TAMPERINGS = [
    _refuting_audit_entry,
    _without_an_assumption,
    _bolder_code,
    _bolder_status,
    _unknown_code,
    _prose_in_the_ledger,
    _other_evidence,
    _invented_violation,
    _other_ending,
    _not_called_certified,
    _smaller_error,
    _other_size,
    _missing_evaluation,
    _other_space,
    _smaller_epsilon,
    _smaller_lipschitz,
    smaller_cover,
    _other_front,
    _other_best,
    _bolder_word,
    _invented_evaluation,
    _smaller_epsilon_asked,
    _other_goal,
    _other_weights,
    _other_nugget,
    _other_latency,
    _without_audit_row,
    _other_audit_error,
    _bolder_audit,
    _without_failure,
    _without_first_audit,
    _other_draw,
]
