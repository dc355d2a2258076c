"""Erase customers: tombstones, receipts, and what each worker does for them."""
