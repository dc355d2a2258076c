"""Give changes of tags to those who wait for them: each change at least once, with one id."""
