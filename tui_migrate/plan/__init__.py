"""Plans: what is to be done, frozen before it is done."""
