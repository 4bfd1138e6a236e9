"""Django's settings in the test process: the real ones, in an environment of the suite's own making."""

from urllib.parse import urlsplit

from tests.services.world import SERVERS

SERVERS.prepare_environment()

from config.settings import *  # noqa: E402, F403 - the environment must stand before the settings read it

# A DATABASE_URL_FILE in `.env` would win over DATABASE_URL: better no tests than tests on somebody's data.
assert str(DATABASES["default"]["PORT"]) == str(urlsplit(SERVERS.database_url).port or "")  # noqa: F405

# Passwords of personas are not what is tested; the real hasher takes a third of a second each.
PASSWORD_HASHERS = ["tests.services.hasher.QuickHasher"]

# Pages rendered in the test process need no collected files; the live sites serve the real, hashed ones.
STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
