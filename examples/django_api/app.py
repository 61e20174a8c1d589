"""A notes API in Django, in one file, protected by Portero.

    pip install django portero-guard
    PORTERO_ISSUER=http://127.0.0.1:8000 python app.py runserver 5000

In a real project the views and `urlpatterns` are where they always are; PORTERO_ISSUER and
PORTERO_API_AUDIENCE may be Django settings.
"""

# Django ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import path

from portero_guard import CurrentUser
from portero_guard.django import guard_of_settings, token_required

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "this-api-signs-nothing-with-it"),
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    )


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@token_required
def protected(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    return JsonResponse({"message": f"Hello, {current_user.username}!", "user_id": current_user.id})


@token_required(scopes=["notes:write"], max_age=300)
def delete_notes(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    """Only for who signed in within the last five minutes."""
    if request.method != "DELETE":
        return HttpResponseNotAllowed(["DELETE"])
    return HttpResponse(status=204)


urlpatterns = [
    path("healthz", healthz),
    path("protected", protected),
    path("notes", delete_notes),
]

guard_of_settings()  # does not start while PORTERO_ISSUER is missing or unsafe
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
