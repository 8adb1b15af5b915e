"""What will be trained: the recipe, its overrides, the plan and the memory it needs."""
