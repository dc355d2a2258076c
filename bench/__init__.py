"""Speed, measured: the gateway against a hand-written endpoint, on the demo's shop, in one run."""
