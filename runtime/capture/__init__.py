"""Sources of frames: pictures, videos, cameras, streams, pipes."""
