"""What people look at: figures, tables, pages and files for other programs."""
