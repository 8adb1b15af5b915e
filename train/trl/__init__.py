"""Everything that knows TRL's insides and may break with its next release."""
