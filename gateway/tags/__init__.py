"""Tags: computed statements about a customer that say what they were computed from. Pure, except for `service`."""
