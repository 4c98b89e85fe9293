"""Actions with features, whose mean rewards share one parameter: fixed, changing, misspecified and adversarial."""
