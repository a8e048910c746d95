"""What the authors of workers, models and stores need to test them: contract suites, doubles and a local server."""
