"""DINOscope: three readings of one medical picture with a frozen, self-supervised encoder."""
