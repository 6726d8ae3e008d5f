"""./dev bench. run.py has the order of it, README.md what is compared with what."""
