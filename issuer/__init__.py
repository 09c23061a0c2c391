"""What is said to the world: eligibility, batches, credentials, keys, status lists, the ledger, verification."""
