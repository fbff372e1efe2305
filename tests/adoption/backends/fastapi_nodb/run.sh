#!/bin/sh
exec poetry run uvicorn server:app --port "${PORT:-8080}" --reload
