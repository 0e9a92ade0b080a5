"""What commands mean: pure deciders and evolvers of the bounded contexts. Imports schemas only."""
