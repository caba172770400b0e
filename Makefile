.PHONY: help check test test-slow
help: ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
check: ## lint, formatting, types
	uv run ruff check . && uv run ruff format --check . && uv run pyright
test: ## the quick tests
	uv run pytest
test-slow: ## the slow ones, several devices among them
	uv run pytest -m slow
