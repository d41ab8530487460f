"""Reading: bytes -> picture -> features -> probabilities, and how familiar the picture is."""
