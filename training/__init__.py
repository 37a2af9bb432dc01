"""All that is fitted: VEGETA, adapters, heads, splits, metrics and reports. Nothing here is needed to apply a model."""
