"""Pre-training: from unlabelled pictures to a DINOv2-shaped backbone."""
