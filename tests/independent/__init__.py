"""A reader that shares nothing with us but the files under schemas/."""
