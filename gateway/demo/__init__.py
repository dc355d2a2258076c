"""What `profile-gateway demo` serves: a generated shop, or the published Olist files."""
