"""What strangers send is read by processes that can be killed."""
