#!/usr/bin/env python
"""Command line of the back-office."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from backoffice.core.private_files import write_for_us_alone

    write_for_us_alone()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration refused: {error}")


if __name__ == "__main__":
    main()
