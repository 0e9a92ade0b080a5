"""The routes of ``/api/v1``, one module a subject; each is read as one tenant at one moment."""
