"""Helpers that tests share: pictures, models, servers, programs."""
