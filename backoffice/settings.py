"""All settings, in one file. What differs between sites comes from the environment and is checked here:
a wrong value stops the start with a sentence that names the variable and the remedy (see README, "Settings").
"""

import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(str(BASE_DIR / ".env"))


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """The variable's value, which must be one of `allowed`."""
    value = env.str(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
    return value


def number(name: str, default: int, low: int, high: int) -> int:
    """The variable's value as a whole number between `low` and `high`."""
    value = env.str(name, str(default))
    if not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")
    return int(value)


def required(name: str, why: str) -> str:
    """The variable's value; a production site without it does not start."""
    value = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; {why}.")
    return value


# --- What kind of site -------------------------------------------------------------------------------

ENVIRONMENT = choice("ENVIRONMENT", ("demo", "production"), "demo")
PRODUCTION = ENVIRONMENT == "production"
TESTING = "pytest" in sys.modules
DEBUG = env.bool("DEBUG", False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production; remove it: it would show secrets to visitors.")

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var")))
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR {DATA_DIR} cannot be made: {error.strerror}.") from error


def demo_secret_key() -> str:
    """A random key kept beside the demo's data, so that sessions survive a restart."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text()


if PRODUCTION:
    SECRET_KEY = required(
        "SECRET_KEY", "make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY is shorter than 50 characters; make a longer one.")
    ALLOWED_HOSTS = [
        host.strip() for host in required("ALLOWED_HOSTS", "name the site's hosts, with commas").split(",")
    ]
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS holds '*'; name the site's hosts instead.")
else:
    SECRET_KEY = env.str("SECRET_KEY", "") or demo_secret_key()
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
SITE_URL = env.str(
    "SITE_URL", f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://127.0.0.1:8000"
).rstrip("/")
if urlparse(SITE_URL).scheme not in ("http", "https"):
    raise ImproperlyConfigured(
        f"SITE_URL is {SITE_URL!r}; it must start with https:// (it is put into mails)."
    )

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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "backoffice.core.middleware.ChosenLanguageMiddleware",
    "backoffice.core.uploads.UploadSizeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "backoffice.core.middleware.ContentSecurityPolicyMiddleware",
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
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Database ----------------------------------------------------------------------------------------

try:
    DATABASES = {
        "default": env.db_url_config(
            env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'backoffice.sqlite3'}"
        )
    }
except (ImproperlyConfigured, ValueError, KeyError) as error:
    raise ImproperlyConfigured(
        "DATABASE_URL is not understood; an example: postgres://user:password@host/name"
    ) from error
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
elif database.get("ENGINE") == "django.db.backends.postgresql":
    database["CONN_MAX_AGE"] = number("CONN_MAX_AGE", 60, 0, 86400)
    database["CONN_HEALTH_CHECKS"] = True
else:
    raise ImproperlyConfigured(
        "DATABASE_URL names a database we do not run on; use postgres://… or sqlite:///…"
    )
if PRODUCTION and not env.str("DATABASE_URL", ""):
    raise ImproperlyConfigured("DATABASE_URL is not set; an example: postgres://user:password@host/name")

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
SESSION_COOKIE_AGE = 60 * 60 * number("SESSION_HOURS", 12, 1, 24 * 14)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # registered by core/admin/office.py, scoped
AXES_SENSITIVE_PARAMETERS = ["username"]  # a person's login name is the ID number
AXES_IPWARE_PROXY_COUNT = number("PROXY_COUNT", 0, 0, 5) or None
SILENCED_SYSTEM_CHECKS: list[str] = []

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
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = TESTING  # else each new test client would walk through all static files
MEDIA_ROOT = DATA_DIR / "media"  # private: no MEDIA_URL, downloads go through the scope check
MEDIA_STORAGE = choice("MEDIA_STORAGE", ("disk", "s3"), "disk")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if MEDIA_STORAGE == "s3":
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": required("S3_BUCKET", "name the bucket for uploads"),
            "endpoint_url": env.str("S3_ENDPOINT", None),
            "access_key": env.str("S3_ACCESS_KEY", None),
            "secret_key": env.str("S3_SECRET_KEY", None),
            "default_acl": "private",
            "querystring_auth": True,
        },
    }

# --- Mail and SMS ------------------------------------------------------------------------------------

try:
    EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
except (ImproperlyConfigured, ValueError, KeyError) as error:
    raise ImproperlyConfigured(
        "EMAIL_URL is not understood; an example: smtp+tls://user:password@host:587"
    ) from error
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "会员服务 <member-service@example.org>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# The HTTP gateway's request is written here as templates over {phone} and {text}, so that a new provider
# is a setting and not a release.
SMS_BACKEND = choice("SMS_BACKEND", ("console", "http"), "console")
SMS_HTTP = {
    "url": env.str("SMS_URL", ""),
    "method": choice("SMS_METHOD", ("POST", "GET"), "POST"),
    "headers": env.json("SMS_HEADERS", default={"Content-Type": "application/json"}),
    "body": env.str("SMS_BODY", '{"phone": "{phone}", "text": "{text}"}'),
    "success": env.str("SMS_SUCCESS", ""),  # text that the answer must contain; empty: any 2xx
    "timeout": number("SMS_TIMEOUT", 10, 1, 60),
}
if SMS_BACKEND == "http":
    if urlparse(SMS_HTTP["url"]).scheme not in ("http", "https"):
        raise ImproperlyConfigured("SMS_URL is not set to an http(s) address, but SMS_BACKEND is 'http'.")
    sent = SMS_HTTP["url"] + (SMS_HTTP["body"] if SMS_HTTP["method"] == "POST" else "")
    if "{phone}" not in sent or "{text}" not in sent:
        raise ImproperlyConfigured("SMS_URL and SMS_BODY together must hold {phone} and {text}.")
    kind = {str(key).lower(): str(value) for key, value in SMS_HTTP["headers"].items()}.get(
        "content-type", ""
    )
    if SMS_HTTP["method"] == "POST" and "json" not in kind and "form-urlencoded" not in kind:
        raise ImproperlyConfigured(
            "SMS_HEADERS holds no Content-Type we can escape for; use application/json or "
            "application/x-www-form-urlencoded."
        )

# --- Learning platform (training/platform/README.md) ---------------------------------------------------
# excel: the training department downloads the roster and uploads the platform's answer
# http:  the platform's service is asked directly, in signed requests

LEARNING_PLATFORM = choice("LEARNING_PLATFORM", ("excel", "http"), "excel")
LEARNING_PLATFORM_HTTP = {
    "url": env.str("LEARNING_PLATFORM_URL", "").rstrip("/"),
    "secret": env.str("LEARNING_PLATFORM_SECRET", ""),
    "timeout": number("LEARNING_PLATFORM_TIMEOUT", 20, 1, 120),  # seconds
    "poll_minutes": number("LEARNING_PLATFORM_POLL_MINUTES", 30, 1, 1440),
}
if LEARNING_PLATFORM == "http":
    if urlparse(LEARNING_PLATFORM_HTTP["url"]).scheme not in ("http", "https"):
        raise ImproperlyConfigured(
            "LEARNING_PLATFORM_URL is not set to an http(s) address, but LEARNING_PLATFORM is 'http'."
        )
    if PRODUCTION and urlparse(LEARNING_PLATFORM_HTTP["url"]).scheme != "https":
        raise ImproperlyConfigured(
            "LEARNING_PLATFORM_URL must start with https:// (it carries personal data)."
        )
    if len(LEARNING_PLATFORM_HTTP["secret"]) < 32:
        raise ImproperlyConfigured(
            "LEARNING_PLATFORM_SECRET is shorter than 32 characters; agree on a longer one with the platform."
        )

# --- Background work ---------------------------------------------------------------------------------
# embedded: queued in the database, done by a thread of this process (demo, small sites)
# worker:   queued in the database, done by `manage.py worker`
# celery:   queued in Redis, done by `celery -A backoffice.core.celery worker`

TASKS_BACKEND = choice("TASKS_BACKEND", ("embedded", "worker", "celery"), "embedded")
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
# Minutes. A job that runs longer counts as left behind by a dead worker and is started again.
TASK_TIME_LIMIT = number("TASK_TIME_LIMIT", 60, 5, 1440)
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

if TASKS_BACKEND == "celery":  # where there is Redis, all processes count rate limits together
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
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
    SECURE_HSTS_SECONDS = number("SECURE_HSTS_SECONDS", 31536000, 0, 2 * 31536000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [SITE_URL]

# --- Look --------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": _("Member services"),
    "SITE_HEADER": _("Guangdong Construction Supervision Association"),
    "SITE_SUBHEADER": _("Member services"),
    "SITE_SYMBOL": "verified",
    "SITE_FAVICONS": [
        {"rel": "icon", "sizes": "any", "type": "image/svg+xml", "href": "/static/backoffice/favicon.svg"}
    ],
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "STYLES": ["/static/backoffice/backoffice.css"],
    "SIDEBAR": {"show_search": False, "show_all_applications": False,
                "navigation": "backoffice.navigation.sidebar"},
    "LOGIN": {"form": "backoffice.accounts.forms.SignInForm"},
    "TABS": "backoffice.navigation.tabs",
    "DASHBOARD_CALLBACK": "backoffice.dashboard.dashboard",
    "COMMAND": {"search_models": False, "show_history": False},
    "COLORS": {
        "primary": {
            "50": "239 246 255", "100": "219 234 254", "200": "191 219 254", "300": "147 197 253",
            "400": "96 165 250", "500": "37 99 235", "600": "29 78 216", "700": "30 64 175",
            "800": "30 58 138", "900": "23 37 84", "950": "15 23 42",
        }
    },
}  # fmt: skip

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"backoffice": {"level": "INFO"}, "registry": {"level": "INFO"}},
}
