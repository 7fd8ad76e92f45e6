"""Settings of a Django site for django-newsletter, as its installation page asks for them."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(os.environ["RIVAL_FOLDER"])

SECRET_KEY = "of a site that lives for seconds"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.auth",
    "django.contrib.sites",
    "sorl.thumbnail",
    "newsletter",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
SITE_ID = 1
STATIC_URL = "/static/"
NEWSLETTER_THUMBNAIL = "sorl-thumbnail"
NEWSLETTER_USE_HTTPS = True

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("RIVAL_PORT", "25"))
EMAIL_TIMEOUT = 10

ROOT_URLCONF = "newsletter_urls"
