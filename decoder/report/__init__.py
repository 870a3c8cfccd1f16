"""Reports: tables, figures and HTML pages."""
