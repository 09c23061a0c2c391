"""Mutation testing of notebook tests: small mistakes are made in the reference solution, and each test is asked whether it notices."""
