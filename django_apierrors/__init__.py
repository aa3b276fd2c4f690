"""One structured shape for every error of a Django REST framework API."""
