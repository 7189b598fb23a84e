"""Where frames come from: pictures, videos, cameras, streams, pipes."""
