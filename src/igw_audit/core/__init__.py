"""The shared words: schema, cases, findings, audit registry, plan, policy, decision, record."""
