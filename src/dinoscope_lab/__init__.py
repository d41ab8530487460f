"""The laboratory: everything that runs before the demo and never inside it - pre-training, rivals, measuring."""
