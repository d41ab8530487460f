"""Everything that runs before the demo and never inside it: data, pre-training, fitting, measuring."""
