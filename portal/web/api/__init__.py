"""What programs ask the portal: the W3C CCG VC API, its health, and the description of every JSON endpoint."""
