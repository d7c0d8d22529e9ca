# Two commands do everything: `make app` and `make test`. Both get uv first where it is missing.

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

.PHONY: app test check

app: $(UV)
	$(UV) run streamlit run streamlit_app.py

test: $(UV)
	$(UV) run pytest

check: $(UV)
	$(UV) run ruff format --check .
	$(UV) run ruff check .
	$(UV) run mypy

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet uv
