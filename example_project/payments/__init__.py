"""A small payments API whose errors meet every door of django-apierrors."""
