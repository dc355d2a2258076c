"""Speed, measured: the gateway and four peers over the same four HTTP sources, in one run."""
