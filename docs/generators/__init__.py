"""The pages that MkDocs writes from the code while it builds the site."""
