"""All settings, in one file. What differs between sites comes from the environment and is checked here:
a wrong value stops the start with a sentence that names the variable and the remedy (see README, "Settings").
"""

import secrets
import sys
from email.utils import formataddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from backoffice import look
from backoffice.core import error_reports, logs
from backoffice.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(str(BASE_DIR / ".env"))
env = Environment()

# --- What kind of site -------------------------------------------------------------------------------

ENVIRONMENT = env.choice("ENVIRONMENT", ("demo", "production"), "demo")
PRODUCTION = ENVIRONMENT == "production"
TESTING = "pytest" in sys.modules
DEBUG = env.switch("DEBUG", False)
if PRODUCTION and DEBUG:
    env.refuse("DEBUG is on in production; remove it: it would show secrets to visitors.")

DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))
try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    env.refuse(f"DATA_DIR {DATA_DIR} cannot be made: {error.strerror}.")
    env.finish()


def demo_secret_key() -> str:
    """A random key kept beside the demo's data, so that sessions survive a restart."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


if PRODUCTION:
    SECRET_KEY = env.required(
        "SECRET_KEY", "make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
    if 0 < len(SECRET_KEY) < 50:
        env.refuse("SECRET_KEY is shorter than 50 characters; make a longer one.")
else:
    SECRET_KEY = env.text("SECRET_KEY") or demo_secret_key()
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS",
    () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]", "testserver"),
    required=PRODUCTION,
)
# Where the links in mails lead. The first host will do, unless it stands for many (".example.org").
first_host = next((host for host in ALLOWED_HOSTS[:1] if host[0] not in ".*"), "")
made_from_host = f"https://{first_host}" if first_host else ""
SITE_URL = env.web_address(
    "SITE_URL", made_from_host if PRODUCTION else "http://127.0.0.1:8000", secure=PRODUCTION,
    why="mails carry links with it that sign people in",
)  # fmt: skip
site = urlsplit(SITE_URL)
if not SITE_URL:
    env.refuse("SITE_URL is not set; an example: https://members.example.org")
if site.path or site.query:
    env.refuse(f"SITE_URL is {SITE_URL!r}; it must be a host alone: the product runs under no folder.")

# --- Applications ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "backoffice.apps.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "simple_history",
    "django_fsm",
    "django_tasks",
    "django_tasks_db",
    "axes",
    "backoffice.accounts",
    "backoffice.core",
    "fees",
    "registry",
    "training",
    "backoffice.public",
]
if TESTING:
    INSTALLED_APPS.append("tests.flowapp")

MIDDLEWARE = [
    "backoffice.core.request_log.RequestLogMiddleware",
    "backoffice.core.probes.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "backoffice.core.middleware.CompressedTextMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "backoffice.core.middleware.ChosenLanguageMiddleware",
    "backoffice.core.uploads.UploadSizeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "backoffice.core.middleware.NoNullMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "backoffice.core.middleware.ContentSecurityPolicyMiddleware",
    "backoffice.core.middleware.MaskedNumbersMiddleware",
    "backoffice.accounts.middleware.PasswordFirstMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets have own templates too
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Database ----------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'backoffice.sqlite3'}")}
if PRODUCTION:
    env.required("DATABASE_URL", "an example: postgres://user:password@host/name")
CONN_MAX_AGE = env.number("CONN_MAX_AGE", 60, 0, 86400)
database = DATABASES["default"]
if database.get("ENGINE") == "django.db.backends.sqlite3":
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-65536;"
            "PRAGMA mmap_size=268435456;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864"
        ),
    }
else:
    database["CONN_MAX_AGE"] = CONN_MAX_AGE
    database["CONN_HEALTH_CHECKS"] = True

# --- Users, sign-in, sessions ------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "backoffice.accounts.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("username", "name", "email", "phone")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]  # fmt: skip
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "admin:login"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24
SESSION_COOKIE_AGE = 60 * 60 * env.number("SESSION_HOURS", 12, 1, 24 * 14)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = (
    "backoffice.accounts.lockout.LockoutHandler"  # and who tries many names, or from many addresses
)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # registered by core/admin/office.py, scoped
AXES_SENSITIVE_PARAMETERS = ["username"]  # a person's login name is the ID number
AXES_CLIENT_IP_CALLABLE = "backoffice.core.sender.client_address"
# How many proxies stand before us. Each adds the address it was asked from to X-Forwarded-For; what is further left in
# that header was written by the visitor.
PROXY_COUNT = env.number("PROXY_COUNT", 0, 0, 5)
BEHIND_PROXY = env.switch("BEHIND_PROXY", False)
if BEHIND_PROXY and not PROXY_COUNT:
    env.refuse(
        "BEHIND_PROXY is on, but PROXY_COUNT is not set: all visitors would count as one. Say how many proxies stand "
        "before this site, for example PROXY_COUNT=1."
    )

# --- Language and time -------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "vendor_locale"]
USE_I18N = True
FORMAT_MODULE_PATH = "backoffice.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# --- Static files, uploads ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "backoffice.core.bundles.BundleFinder",
]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = TESTING  # else each new test client would walk through all static files
MEDIA_ROOT = DATA_DIR / "media"  # private: no MEDIA_URL, downloads go through the scope check
MEDIA_STORAGE = env.choice("MEDIA_STORAGE", ("disk", "s3"), "disk")
STORAGES: dict[str, dict[str, Any]] = {
    # Scans of ID cards: other users of the machine do not read them.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if MEDIA_STORAGE == "s3":
    env.needs_package("storages", "MEDIA_STORAGE=s3", "requirements-s3.txt")
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.required("S3_BUCKET", "name the bucket for uploads"),
            "endpoint_url": env.web_address(
                "S3_ENDPOINT", secure=PRODUCTION, why="it carries scans of ID cards"
            )
            or None,
            "access_key": env.text("S3_ACCESS_KEY") or None,
            "secret_key": env.text("S3_SECRET_KEY") or None,
            "default_acl": "private",
            "querystring_auth": True,
        },
    }
    if bool(env.text("S3_ACCESS_KEY")) != bool(env.text("S3_SECRET_KEY")):
        env.refuse("S3_ACCESS_KEY and S3_SECRET_KEY belong together; set both, or neither.")

# --- Mail and SMS ------------------------------------------------------------------------------------

EMAIL_CONFIG = env.mail_server("EMAIL_URL", required=PRODUCTION)
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 15
mail_host = site.hostname if PRODUCTION else "example.org"
DEFAULT_FROM_EMAIL = env.sender(
    "DEFAULT_FROM_EMAIL",
    formataddr(("会员服务", f"member-service@{mail_host}"), "utf-8") if mail_host else "",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# The HTTP gateway's request is written here as templates over {phone} and {text}, so that a new provider
# is a setting and not a release.
SMS_BACKEND = env.choice("SMS_BACKEND", ("console", "http"), "console")
SMS_HTTP = env.sms_gateway(SMS_BACKEND == "http", secure=PRODUCTION)

# --- Learning platform (training/platform/README.md) ---------------------------------------------------
# excel: the training department downloads the roster and uploads the platform's answer
# http:  the platform's service is asked directly, in signed requests

LEARNING_PLATFORM = env.choice("LEARNING_PLATFORM", ("excel", "http"), "excel")
LEARNING_PLATFORM_HTTP = env.learning_platform(LEARNING_PLATFORM == "http", secure=PRODUCTION)

# --- Background work ---------------------------------------------------------------------------------
# embedded: queued in the database, done by a thread of this process (demo, small sites)
# worker:   queued in the database, done by `manage.py worker`
# celery:   queued in Redis, done by `celery -A backoffice.core.celery worker`

TASKS_BACKEND = env.choice("TASKS_BACKEND", ("embedded", "worker", "celery"), "embedded")
given_redis = env.redis("REDIS_URL")
REDIS_URL = given_redis or "redis://127.0.0.1:6379/0"
if TASKS_BACKEND == "celery":
    env.needs_package("celery", "TASKS_BACKEND=celery", "requirements-celery.txt")
elif given_redis:
    env.needs_package("redis", "REDIS_URL", "requirements-celery.txt")
# Minutes. A job that runs longer counts as left behind by a dead worker and is started again.
TASK_TIME_LIMIT = env.number("TASK_TIME_LIMIT", 60, 5, 1440)
TASKS = {
    "default": {
        "BACKEND": {
            "embedded": "backoffice.core.tasks.EmbeddedBackend",
            "worker": "django_tasks_db.DatabaseBackend",
            "celery": "backoffice.core.celery.CeleryBackend",
        }[TASKS_BACKEND],
        "QUEUES": ["default"],
    }
}
if TESTING:
    TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

# What must hold across all processes is no matter of the cache: limits and throttles are counted in the database
# (core/counters.py). The cache holds what may be forgotten, and each process may have its own.
if TASKS_BACKEND == "celery" or given_redis:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# --- History -----------------------------------------------------------------------------------------

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
SIMPLE_HISTORY_DATE_INDEX = False  # the models index (id, -history_date) instead
SIMPLE_HISTORY_ENFORCE_HISTORY_MODEL_PERMISSIONS = False

# --- Safety ------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # Unfold's scripts read it
ssl_redirect = env.switch("SECURE_SSL_REDIRECT", True)
hsts_seconds = env.number("SECURE_HSTS_SECONDS", 31536000, 0, 2 * 31536000)
# Both speak for hosts that are not ours (the association's other sites): only where somebody decides so.
hsts_subdomains = env.switch("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
hsts_preload = env.switch("SECURE_HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if hsts_preload and not (hsts_subdomains and hsts_seconds >= 31536000):
    env.refuse(
        "SECURE_HSTS_PRELOAD is on; browsers preload only sites with SECURE_HSTS_INCLUDE_SUBDOMAINS on and "
        "SECURE_HSTS_SECONDS of a year (31536000) or more."
    )
if PRODUCTION:
    SECURE_SSL_REDIRECT = ssl_redirect
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
    SECURE_HSTS_SECONDS = hsts_seconds
    SECURE_HSTS_INCLUDE_SUBDOMAINS = hsts_subdomains
    SECURE_HSTS_PRELOAD = hsts_preload
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []

UNFOLD = look.UNFOLD

# --- Logs, reports of errors -------------------------------------------------------------------------

LOG_FORMAT = env.choice("LOG_FORMAT", ("plain", "json"), "json" if PRODUCTION else "plain")
LOGGING = logs.configuration(LOG_FORMAT)
SENTRY_DSN = env.web_address("SENTRY_DSN")
if SENTRY_DSN:
    env.needs_package("sentry_sdk", "SENTRY_DSN", "requirements-sentry.txt")
    if not urlsplit(SENTRY_DSN).username:
        env.refuse("SENTRY_DSN holds no key; copy the whole address from Sentry: https://key@host/number")

env.finish()
if SENTRY_DSN:
    error_reports.start(SENTRY_DSN, ENVIRONMENT)
