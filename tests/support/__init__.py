"""What tests share: pictures, models, servers, programs."""
