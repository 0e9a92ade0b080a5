"""One file a kind of fault. A program is given the field and how often; it returns when each fault was seen to heal.

It raises AssertionError or TimeoutError, with a sentence, where something did not hold.
"""
