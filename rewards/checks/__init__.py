"""What judges the rewards themselves and is no reward: the audit for hacks, conformance, probes."""
