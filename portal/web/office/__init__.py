"""Pages for registrars, approvers, quality officers and administrators."""
