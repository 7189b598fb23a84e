"""Where results go: lines, pictures, videos, a window, a summary."""
