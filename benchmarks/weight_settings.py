"""The product's settings, with static files as in production: hashed names, compressed, kept by browsers."""

from backoffice.settings import *  # noqa: F403
from backoffice.settings import STORAGES

STORAGES = STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
