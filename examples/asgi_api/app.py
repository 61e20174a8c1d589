"""A notes API in Starlette, protected by Portero.

    pip install starlette uvicorn portero-guard
    PORTERO_ISSUER=http://127.0.0.1:8000 uvicorn --factory app:create_app --port 5000

In FastAPI the same is a dependency:

    from portero_guard.asgi import current_user, install
    install(app, Guard.from_env())

    @app.get("/protected")
    async def protected(user: Annotated[CurrentUser, Depends(current_user())]): ...
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from portero_guard import CurrentUser, Guard
from portero_guard.asgi import install, token_required


async def healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


@token_required
async def protected(request: Request, current_user: CurrentUser) -> Response:
    return JSONResponse({"message": f"Hello, {current_user.username}!", "user_id": current_user.id})


@token_required(scopes=["notes:write"], max_age=300)
async def delete_notes(request: Request, current_user: CurrentUser) -> Response:
    """Only for who signed in within the last five minutes."""
    return Response(status_code=204)


def create_app() -> Starlette:
    """The application; it does not start while PORTERO_ISSUER is missing or unsafe."""
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/protected", protected),
            Route("/notes", delete_notes, methods=["DELETE"]),
        ]
    )
    install(app, Guard.from_env())
    return app
