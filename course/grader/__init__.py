"""The instructors' grader. No lesson imports it, and it imports no lesson."""
