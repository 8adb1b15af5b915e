"""Is the completion as long as asked: ideal lengths, schedules, and brevity among right answers."""
