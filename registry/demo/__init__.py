"""The demo association of `manage.py demo`: invented records, sign-ins, pictures, and Excel files to try."""
