package dialer

// stepTable is the floor's law: state | event | what follows. The events are those of tableEvents.
const stepTable = `
signed_out | sign_in       | break(signed_in)
signed_out | sign_out      | signed_out(signed_out)
signed_out | want_ready    | refused WRONG_STATE
signed_out | want_break    | refused WRONG_STATE
signed_out | heartbeat     | refused WRONG_STATE
signed_out | offer         | refused AGENT_NOT_READY
signed_out | start         | refused LEASE_EXPIRED
signed_out | declined      | refused LEASE_EXPIRED
signed_out | call_ended    | signed_out(signed_out)
signed_out | concluded     | signed_out(signed_out)
signed_out | revoked       | signed_out(signed_out)
signed_out | lapsed        | signed_out(signed_out)
signed_out | timer         | signed_out(signed_out)
signed_out | force_ready   | refused WRONG_STATE
signed_out | force_break   | refused WRONG_STATE
signed_out | force_out     | signed_out(signed_out)
signed_out | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

ready      | sign_in       | ready(asked)
ready      | sign_out      | signed_out(signed_out)
ready      | want_ready    | ready(asked)
ready      | want_break    | break(tea)
ready      | heartbeat     | ready(asked)
ready      | offer         | offered() #8
ready      | start         | refused LEASE_EXPIRED
ready      | declined      | refused LEASE_EXPIRED
ready      | call_ended    | ready(asked)
ready      | concluded     | ready(asked)
ready      | revoked       | ready(asked)
ready      | lapsed        | ready(asked)
ready      | timer         | ready(asked)
ready      | force_ready   | ready(asked)
ready      | force_break   | break(coaching (by ann)): notify forced
ready      | force_out     | signed_out(stuck (by ann)): notify forced
ready      | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

offered    | sign_in       | offered() #7
offered    | sign_out      | signed_out(signed_out): release #7 declined signed_out
offered    | want_ready    | offered() #7
offered    | want_break    | offered() #7 ->break(tea)
offered    | heartbeat     | offered() #7
offered    | offer         | refused AGENT_NOT_READY
offered    | start         | on_call() #7
offered    | declined      | ready(declined): release #7 declined know them
offered    | call_ended    | refused NOT_STARTED
offered    | concluded     | refused NOT_STARTED
offered    | revoked       | ready(revoked): notify revoked
offered    | lapsed        | break(offer_lapsed): notify offer_lapsed
offered    | timer         | offered() #7
offered    | force_ready   | offered() #7: notify forced
offered    | force_break   | break(coaching (by ann)): release #7 revoked coaching (by ann), notify forced
offered    | force_out     | signed_out(stuck (by ann)): release #7 revoked stuck (by ann), notify forced
offered    | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

on_call    | sign_in       | on_call() #7
on_call    | sign_out      | on_call() #7 ->signed_out(signed_out): notify signed_out
on_call    | want_ready    | on_call() #7
on_call    | want_break    | on_call() #7 ->break(tea)
on_call    | heartbeat     | on_call() #7
on_call    | offer         | refused AGENT_NOT_READY
on_call    | start         | on_call() #7
on_call    | declined      | refused WRONG_STATE
on_call    | call_ended    | wrap_up(call_ended) #7
on_call    | concluded     | wrap_up(concluded)
on_call    | revoked       | refused WRONG_STATE
on_call    | lapsed        | break(lease_lapsed): notify lease_lapsed
on_call    | timer         | on_call() #7
on_call    | force_ready   | on_call() #7: notify forced
on_call    | force_break   | on_call() #7 ->break(coaching (by ann)): notify forced
on_call    | force_out     | signed_out(stuck (by ann)): give up #7 stuck (by ann), notify forced
on_call    | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

wrap_open  | sign_in       | wrap_up(call_ended) #7
wrap_open  | sign_out      | wrap_up(call_ended) #7 ->signed_out(signed_out): notify signed_out
wrap_open  | want_ready    | refused WRONG_STATE
wrap_open  | want_break    | wrap_up(call_ended) #7 ->break(tea)
wrap_open  | heartbeat     | wrap_up(call_ended) #7
wrap_open  | offer         | refused AGENT_NOT_READY
wrap_open  | start         | refused WRONG_STATE
wrap_open  | declined      | refused WRONG_STATE
wrap_open  | call_ended    | wrap_up(call_ended) #7
wrap_open  | concluded     | wrap_up(call_ended)
wrap_open  | revoked       | refused WRONG_STATE
wrap_open  | lapsed        | break(lease_lapsed): notify lease_lapsed
wrap_open  | timer         | wrap_up(call_ended) #7
wrap_open  | force_ready   | wrap_up(call_ended) #7: notify forced
wrap_open  | force_break   | wrap_up(call_ended) #7 ->break(coaching (by ann)): notify forced
wrap_open  | force_out     | signed_out(stuck (by ann)): give up #7 stuck (by ann), notify forced
wrap_open  | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

overdue    | sign_in       | wrap_up(outcome_overdue) #7
overdue    | sign_out      | wrap_up(outcome_overdue) #7 ->signed_out(signed_out): notify signed_out
overdue    | want_ready    | refused WRONG_STATE
overdue    | want_break    | wrap_up(outcome_overdue) #7 ->break(tea)
overdue    | heartbeat     | wrap_up(outcome_overdue) #7
overdue    | offer         | refused AGENT_NOT_READY
overdue    | start         | refused WRONG_STATE
overdue    | declined      | refused WRONG_STATE
overdue    | call_ended    | wrap_up(outcome_overdue) #7
overdue    | concluded     | ready(concluded)
overdue    | revoked       | refused WRONG_STATE
overdue    | lapsed        | break(lease_lapsed): notify lease_lapsed
overdue    | timer         | wrap_up(outcome_overdue) #7
overdue    | force_ready   | wrap_up(outcome_overdue) #7: notify forced
overdue    | force_break   | wrap_up(outcome_overdue) #7 ->break(coaching (by ann)): notify forced
overdue    | force_out     | signed_out(stuck (by ann)): give up #7 stuck (by ann), notify forced
overdue    | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

wrap_done  | sign_in       | wrap_up(concluded)
wrap_done  | sign_out      | signed_out(signed_out)
wrap_done  | want_ready    | ready(asked)
wrap_done  | want_break    | break(tea)
wrap_done  | heartbeat     | wrap_up(concluded)
wrap_done  | offer         | refused AGENT_NOT_READY
wrap_done  | start         | refused LEASE_EXPIRED
wrap_done  | declined      | refused LEASE_EXPIRED
wrap_done  | call_ended    | wrap_up(concluded)
wrap_done  | concluded     | wrap_up(concluded)
wrap_done  | revoked       | wrap_up(concluded)
wrap_done  | lapsed        | wrap_up(concluded)
wrap_done  | timer         | wrap_up(concluded)
wrap_done  | force_ready   | ready(busy hour (by ann)): notify forced
wrap_done  | force_break   | break(coaching (by ann)): notify forced
wrap_done  | force_out     | signed_out(stuck (by ann)): notify forced
wrap_done  | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out

break      | sign_in       | break(lunch)
break      | sign_out      | signed_out(signed_out)
break      | want_ready    | ready(asked)
break      | want_break    | break(tea)
break      | heartbeat     | break(lunch)
break      | offer         | refused AGENT_NOT_READY
break      | start         | refused LEASE_EXPIRED
break      | declined      | refused LEASE_EXPIRED
break      | call_ended    | break(lunch)
break      | concluded     | break(lunch)
break      | revoked       | break(lunch)
break      | lapsed        | break(lunch)
break      | timer         | break(lunch)
break      | force_ready   | ready(busy hour (by ann)): notify forced
break      | force_break   | break(coaching (by ann)): notify forced
break      | force_out     | signed_out(stuck (by ann)): notify forced
break      | force_on_call | refused state: an agent cannot be put into "on_call": use ready, break or signed_out
`

// timerTable is what Timer does when the deadline has come, with the desktop there and gone.
const timerTable = `
signed_out there=true | signed_out(signed_out)
signed_out there=false | signed_out(signed_out)
ready there=true | ready(asked)
ready there=false | signed_out(heartbeat_lost): notify heartbeat_lost
offered there=true | break(offer_lapsed): release #7 lapsed offer_lapsed, notify offer_lapsed
offered there=false | signed_out(heartbeat_lost): release #7 lapsed heartbeat_lost, notify heartbeat_lost
on_call there=true | on_call() #7
on_call there=false | signed_out(heartbeat_lost): give up #7 heartbeat_lost, notify heartbeat_lost
wrap_open there=true | wrap_up(outcome_overdue) #7: notify outcome_overdue
wrap_open there=false | signed_out(heartbeat_lost): give up #7 heartbeat_lost, notify heartbeat_lost
overdue there=true | break(outcome_missing): give up #7 outcome_missing, notify outcome_missing
overdue there=false | signed_out(heartbeat_lost): give up #7 heartbeat_lost, notify heartbeat_lost
wrap_done there=true | ready(wrap_up_over): notify wrap_up_over
wrap_done there=false | signed_out(heartbeat_lost): notify heartbeat_lost
break there=true | break(lunch)
break there=false | signed_out(heartbeat_lost): notify heartbeat_lost
`
