"""Acting: alerts, their life, and the messages they owe."""
