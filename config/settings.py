"""Django settings: one file, everything that differs between machines comes from config.env."""

from __future__ import annotations

from urllib.parse import urlsplit

from config.env import BASE_DIR, INSECURE_SECRET_KEY, read_environment

ENVIRONMENT = read_environment()
_public = urlsplit(ENVIRONMENT.public_url)

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
SECRET_KEY_IS_DEFAULT = SECRET_KEY == INSECURE_SECRET_KEY
PUBLIC_URL = ENVIRONMENT.public_url
STORAGE_DIR = ENVIRONMENT.storage_dir
REDIS_URL = ENVIRONMENT.redis_url
DEMO = ENVIRONMENT.demo
#: Folders below which registered models may lie, besides the storage's own checkpoints and the committed base.
MODEL_ROOTS = [BASE_DIR / "training" / "base", STORAGE_DIR / "checkpoints", *ENVIRONMENT.model_roots]
#: Model servers that may be asked, by name: (URL, name of the variable that holds the key, or "").
ENDPOINTS = ENVIRONMENT.endpoints
#: What workers compute on: auto, cpu, cuda, cuda:N or mps.
DEVICE = ENVIRONMENT.device
#: How a GPU decodes GPT-J: eager, graphs or compiled (generation.registry.loading.LoadedModel.decoding).
GPU_DECODING = ENVIRONMENT.gpu_decoding
#: How long a job stays with a worker that says nothing, and how often the watch looks, in seconds.
JOB_LEASE_SECONDS = ENVIRONMENT.job_lease_seconds
JOB_WATCH_SECONDS = ENVIRONMENT.job_watch_seconds
#: What a cancelled job gets to save what it may save, before its process is killed.
JOB_GRACE_SECONDS = 10
#: Prolific: where its API is, the token of the workspace, and the secret that its webhooks are signed with.
PROLIFIC_API_URL = ENVIRONMENT.prolific_api_url
PROLIFIC_API_TOKEN = ENVIRONMENT.prolific_api_token
PROLIFIC_WEBHOOK_SECRET = ENVIRONMENT.prolific_webhook_secret
#: Through which jobs are enqueued; named, for no floor below imports config.
CELERY_APP = "config.celery.app"

_LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = sorted({_public.hostname or "127.0.0.1", *_LOCAL_NAMES})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_COOKIES = _public.scheme == "https"
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_COOKIES else None
# What keeps the site running asks on the machine itself, without the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
# Not "no-referrer": browsers then send `Origin: null` with our own forms, which the CSRF check refuses. Pages
# whose address is a secret (config.join) set "no-referrer" themselves.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Subdomains and preload lists are for the owner of the domain to decide, not for one site on it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "accounts",
    "jobs",
    "ratings",
    "generation",
    "training",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.security.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.errors.ErrorMiddleware",
]

CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
            ],
        },
    },
]

DATABASES = {"default": ENVIRONMENT.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENVIRONMENT.redis_url}
        if ENVIRONMENT.redis_url
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignupAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# What raters may read (ratings.desk.gate); everybody else reads English.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STORAGE_DIR},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# whitenoise's own list, and source maps: megabytes that only a debugger asks for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    *("jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "tgz", "bz2", "tbz", "xz", "br", "swf", "flv"),
    *("woff", "woff2", "3gp", "3gpp", "asf", "avi", "m4v", "mov", "mp4", "mpeg", "mpg", "webm", "wmv", "map"),
)

# A rating is a few hundred bytes; imports go through files, whose size MAX_UPLOAD_BYTES bounds.
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
MAX_UPLOAD_BYTES = ENVIRONMENT.max_upload_bytes

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.api.authentication.StaffTokenAuthentication",
        "config.api.authentication.SameSiteSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api.pagination.NewestFirstPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.TokenRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"staff": "1200/min"},
    "EXCEPTION_HANDLER": "config.api.errors.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Starchamber",
    "DESCRIPTION": "Blinded rationale triples in, rankings and preference data out.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "JobStateEnum": "jobs.models.Job.State",
        "StateEnum": "ratings.studies.models.Study.State",
        "VerdictEnum": "ratings.library.models.VERDICT_CHOICES",
        "DecisionVerdictEnum": "ratings.quality.models.RaterDecision.Verdict",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ratings.desk.schema.describe_rater_loop",
        "config.api.openapi.describe_errors",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Scanners that ask for another host are answered with 400; their stacks are nobody's news.
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
